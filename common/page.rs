//! A manual page: its parts in order, as roff. In text, what stands in backticks is bold.

use std::{fs, io, path::Path};

use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

/// What stands above and below every page.
const BOOK: &str = "ssectl manual";
const SOURCE: &str = concat!("ssectl ", env!("CARGO_PKG_VERSION"));

/// A page that is being written.
pub(crate) struct Page {
    file: String,
    text: String,
}

#[allow(dead_code, reason = "both programs include it, and neither uses all of it")]
impl Page {
    /// Returns a page that has its name and what it is about.
    pub(crate) fn new(name: &str, section: &str, about: &str) -> Self {
        let mut head = Roff::new();
        head.control("TH", [name.to_uppercase().as_str(), section, "\"\"", SOURCE, BOOK]);
        head.control("SH", ["NAME"]).text([roman(format!("{name} - {about}"))]);
        Self { file: format!("{name}.{section}"), text: head.render() }
    }

    /// Begins a section.
    pub(crate) fn section(&mut self, title: &str) -> &mut Self {
        self.add(Roff::new().control("SH", [title]))
    }

    /// Begins a part of a section.
    pub(crate) fn part(&mut self, title: &str) -> &mut Self {
        self.add(Roff::new().control("SS", [title]))
    }

    /// Adds a paragraph.
    pub(crate) fn paragraph(&mut self, text: &str) -> &mut Self {
        self.add(Roff::new().control("PP", []).text(marked(text)))
    }

    /// Adds a paragraph that begins with a word to type, and what follows it.
    pub(crate) fn usage(&mut self, word: &str, rest: &str) -> &mut Self {
        self.add(Roff::new().text([bold(word), roman(rest)]).control("br", []))
    }

    /// Adds a term and what it means.
    pub(crate) fn item(&mut self, term: &str, text: &str) -> &mut Self {
        self.add(Roff::new().control("TP", []).text([bold(term)]).text(marked(text)))
    }

    /// Adds a term with something after it, and what they mean.
    pub(crate) fn item_with(&mut self, term: &str, rest: &str, text: &str) -> &mut Self {
        self.add(Roff::new().control("TP", []).text([bold(term), italic(rest)]).text(marked(text)))
    }

    /// Adds a paragraph that belongs to the item before it.
    pub(crate) fn continued(&mut self, text: &str) -> &mut Self {
        self.add(Roff::new().control("IP", []).text(marked(text)))
    }

    /// Adds lines as they are, indented.
    pub(crate) fn verbatim(&mut self, text: &str) -> &mut Self {
        let mut lines = Roff::new();
        lines.control("PP", []).control("RS", ["4"]).control("EX", []);
        for line in text.lines() {
            lines.text([roman(line)]);
        }
        self.add(lines.control("EE", []).control("RE", []))
    }

    /// Adds examples: what to type, and what comes of it.
    pub(crate) fn examples(&mut self, examples: &[(&str, &str)]) -> &mut Self {
        if !examples.is_empty() {
            self.section("EXAMPLES");
        }
        for (typed, effect) in examples {
            self.paragraph(&format!("{effect}:")).verbatim(typed);
        }
        self
    }

    /// Adds references to other pages, `ssectl(1)`.
    pub(crate) fn see_also<'a>(&mut self, pages: impl IntoIterator<Item = &'a str>) -> &mut Self {
        self.section("SEE ALSO");
        let mut pages = pages.into_iter().peekable();
        while let Some(page) = pages.next() {
            let (name, section) = page.split_once('(').unwrap_or((page, ")"));
            let comma = if pages.peek().is_some() { "," } else { "" };
            let reference = [name.replace('-', "\\-"), format!("({section}{comma}")];
            self.add(Roff::new().control("BR", reference.iter().map(String::as_str)));
        }
        self
    }

    /// Adds what the library wrote.
    pub(crate) fn embed(&mut self, roff: &str) -> &mut Self {
        self.text.push_str(without_preamble(roff));
        self
    }

    /// Writes its file.
    pub(crate) fn write(&self, dir: &Path) -> io::Result<()> {
        let mut text = String::new();
        for line in self.text.lines() {
            // These are other characters to roff than those that are typed.
            let typed = ["^", "~"].iter().any(|odd| line.contains(odd)) && !line.starts_with('.');
            let line = if typed { &line.replace('^', "\\(ha").replace('~', "\\(ti") } else { line };
            text.push_str(line);
            text.push('\n');
        }
        fs::write(dir.join(&self.file), text)
    }

    fn add(&mut self, roff: &Roff) -> &mut Self {
        self.embed(&roff.render())
    }
}

/// Returns roff without the two lines that define an apostrophe, which are at the start of the page already.
fn without_preamble(roff: &str) -> &str {
    roff.splitn(3, '\n').nth(2).unwrap_or_default()
}

fn marked(text: &str) -> Vec<Inline> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts = text.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { roman(part) } else { bold(part) }).collect()
}
