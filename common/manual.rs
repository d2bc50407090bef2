//! The manual of a program: a page for it and for each of its commands, from the definitions of its arguments, with
//! what no definition says.

use clap::Command;
use clap_mangen::Man;

use super::page::Page;

/// What a manual says besides the arguments.
pub(crate) struct Manual {
    /// The manual's section.
    pub(crate) section: &'static str,
    /// Exit codes: what is to be known about each.
    pub(crate) exit: Items,
    /// More sections of the program's own page, between the exit status and the examples.
    pub(crate) more: &'static [(&'static str, Items)],
    /// What is to be known about commands; the program itself is the empty one.
    pub(crate) notes: &'static [Note],
    /// The pages that the program's own names at its end; those of its commands name the first of them.
    pub(crate) see_also: &'static [&'static str],
    /// Returns pages about more than commands.
    pub(crate) others: fn() -> Vec<Page>,
}

/// Terms, and what they mean.
pub(crate) type Items = &'static [(&'static str, &'static str)];

/// What is to be known about one command.
pub(crate) struct Note {
    /// The command, `version queue`.
    pub(crate) command: &'static str,
    /// What its exit codes mean where that is more than what they mean everywhere.
    pub(crate) exit: Items,
    /// What to type, and what comes of it. Each is executed by the tests, as it stands there.
    pub(crate) examples: Items,
}

impl Manual {
    /// Returns all pages.
    pub(crate) fn pages(&self, program: Command) -> Vec<Page> {
        let mut program = program.disable_help_subcommand(true);
        program.build();
        let mut pages = vec![self.program(&program)];
        for command in visible(&program) {
            self.command(&program, command, &mut pages);
        }
        pages.extend((self.others)());
        pages
    }

    /// Returns the program with the examples of each command in its long help.
    #[allow(dead_code, reason = "not every program shows them")]
    pub(crate) fn with_examples(&self, program: Command) -> Command {
        self.notes.iter().fold(program, |program, note| {
            let lines = note.examples.iter().map(|(typed, effect)| {
                let typed = typed.lines().map(|line| format!("    {line}\n")).collect::<String>();
                format!("  {}:\n{typed}", effect.trim_end_matches('.'))
            });
            let text = format!("Examples:\n{}", lines.collect::<Vec<_>>().join("\n"));
            let words: Vec<_> = note.command.split_whitespace().collect();
            if words.is_empty() || note.examples.is_empty() { program } else { noted(program, &words, text) }
        })
    }

    fn note(&self, command: &str) -> Option<&Note> {
        self.notes.iter().find(|note| note.command == command)
    }

    fn program(&self, program: &Command) -> Page {
        let mut page = self.begin(program);
        page.embed(&options(program));
        page.section("COMMANDS");
        for command in visible(program) {
            self.overview(command, &mut page);
        }
        items(&mut page, "EXIT STATUS", self.exit);
        for (title, of) in self.more {
            items(&mut page, title, of);
        }
        page.examples(self.note("").map_or(&[], |note| note.examples));
        let nouns = visible(program).map(|command| self.reference(command)).collect::<Vec<_>>();
        page.see_also(self.see_also.iter().copied().chain(nouns.iter().map(String::as_str)));
        page
    }

    /// Adds a command, or those that it has.
    fn overview(&self, command: &Command, page: &mut Page) {
        if command.has_subcommands() {
            visible(command).for_each(|sub| self.overview(sub, page));
            return;
        }
        let about = about(command);
        page.item(&typed(command), &format!("{about}: `{}`", self.reference(command)));
    }

    fn command(&self, program: &Command, command: &Command, pages: &mut Vec<Page>) {
        let mut page = self.begin(command);
        // What every command takes is on the program's own page.
        let own = command.clone().mut_args(|argument| {
            let global = argument.is_global_set();
            if global { argument.hide(true) } else { argument }
        });
        page.embed(&options(&own));
        let above = format!("{}({})", program.get_name(), self.section);
        page.paragraph(&format!("The options of every command are in `{above}`."));
        let words = typed(command);
        let words = words.split_once(' ').map_or("", |(_, words)| words);
        if command.has_subcommands() {
            page.section("COMMANDS");
            visible(command).for_each(|sub| self.overview(sub, &mut page));
        } else {
            self.outcomes(words, &above, &mut page);
        }
        page.examples(self.note(words).map_or(&[], |note| note.examples));
        let own_name = format!("-{}", command.get_name());
        let parent = command.get_display_name().and_then(|name| name.strip_suffix(&own_name));
        let parent = parent.unwrap_or(program.get_name());
        let parent = format!("{parent}({})", self.section);
        let subs = visible(command).map(|sub| self.reference(sub)).collect::<Vec<_>>();
        let above = Some(above.as_str()).filter(|above| *above != parent);
        let others = above.into_iter().chain(subs.iter().map(String::as_str));
        page.see_also(others.chain([parent.as_str(), self.see_also[0]]));
        pages.push(page);
        visible(command).for_each(|sub| self.command(program, sub, pages));
    }

    fn outcomes(&self, words: &str, above: &str, page: &mut Page) {
        page.section("EXIT STATUS");
        for (code, meaning) in self.note(words).map_or(&[][..], |note| note.exit) {
            page.item(code, meaning);
        }
        page.paragraph(&format!("What codes mean for every command is in `{above}`."));
    }

    /// Returns a page with name, synopsis and description.
    fn begin(&self, command: &Command) -> Page {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name());
        let about = about(command);
        let mut page = Page::new(name, self.section, &about);
        page.section("SYNOPSIS");
        let usage = command.clone().render_usage().to_string();
        for form in usage.trim_start_matches("Usage:").lines().map(str::trim).filter(|form| !form.is_empty())
        {
            let word = typed(command);
            page.usage(&word, form.strip_prefix(&word).unwrap_or(form));
        }
        page.section("DESCRIPTION");
        let long = command.get_long_about().map_or(about, ToString::to_string);
        long.split("\n\n").for_each(|paragraph| {
            page.paragraph(paragraph);
        });
        page
    }

    fn reference(&self, command: &Command) -> String {
        format!("{}({})", command.get_display_name().unwrap_or_default(), self.section)
    }
}

fn noted(command: Command, words: &[&str], text: String) -> Command {
    match words {
        [] => command.after_long_help(text),
        [word, rest @ ..] => command.mut_subcommand(word, |sub| noted(sub, rest, text)),
    }
}

fn items(page: &mut Page, title: &str, items: Items) {
    page.section(title);
    for (term, text) in items {
        page.item(term, text);
    }
}

fn options(command: &Command) -> String {
    let mut text = Vec::new();
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        // Nothing fails that writes to memory.
        let _ = Man::new(command.clone()).render_options_section(&mut text);
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|sub| !sub.is_hide_set())
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

fn typed(command: &Command) -> String {
    command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned()
}
