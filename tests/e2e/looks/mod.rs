//! What it looks like: help, tables, JSON and errors, as they were looked at and found good. After a change that is
//! meant, `tests/refresh` writes them anew, and the difference is looked at.

mod clusters;
mod errors;
mod help;
mod lists;

use regex::{Captures, Regex};

use crate::fakes::control::{Manner, serve};
use crate::harness::{Home, Output, finish, screen::Screen};

/// Compares what is shown with the snapshot of this name.
fn look(name: &str, shown: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "../snapshots" }, {
        insta::assert_snapshot!(name, shown);
    });
}

/// A moment that stays as it is.
const MOMENT: &str = "2026-01-31T08:15:42Z";

/// Returns the text without what is different in each run: folders, generated keys, moments, what was drawn over.
fn lasting(text: &str) -> String {
    let different = [
        (r"/tmp/sse[A-Za-z0-9]+/", "/run/"),
        (r"generated-[0-9a-f-]{36}", "generated-KEY"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "THEN"),
        (r"(?m)^.*␛\[2K", ""),
    ];
    different.iter().fold(text.to_owned(), |text, (form, instead)| {
        let lasting = |found: &Captures<'_>| {
            if &found[0] == MOMENT { MOMENT.to_owned() } else { (*instead).to_owned() }
        };
        Regex::new(form).expect("a form").replace_all(&text, lasting).into_owned()
    })
}

/// Where a program prints.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// Into a pipe.
    Pipe,
    /// On a terminal with so many columns.
    Terminal(u16),
    /// The same, where NO_COLOR is set.
    Colourless(u16),
}

/// A daemon that gives the same answer to every request.
struct Stage {
    home: Home,
}

impl Stage {
    fn answering(status: &str, form: &str, body: &str) -> Self {
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status}\r\nContent-Type: {form}\r\nContent-Length: {length}\r\n\r\n{body}");
        Self::with(Manner::Answers(answer.leak()))
    }

    fn with(manner: Manner) -> Self {
        let home = Home::new();
        let mut heard = serve(&home.path("c.sock"), manner);
        tokio::spawn(async move { while heard.recv().await.is_some() {} });
        Self { home }
    }

    /// Returns a transcript of `ssectl` with these arguments.
    async fn shows(&self, place: Place, arguments: &str) -> String {
        let words: Vec<&str> = arguments.split_whitespace().collect();
        let mut command = self.home.cli().command(&words);
        let (code, stdout, stderr, shown) = match place {
            Place::Pipe => {
                let Output { code, stdout, stderr } = finish(command).await;
                (code, stdout, stderr, String::new())
            }
            Place::Terminal(columns) | Place::Colourless(columns) => {
                command.env("TERM", "xterm-256color");
                if matches!(place, Place::Colourless(_)) {
                    command.env("NO_COLOR", "1");
                }
                let (code, shown) = Screen::new(columns).run(command).await;
                (code, String::new(), String::new(), shown.replace('\u{1b}', "␛"))
            }
        };
        let mut text = format!("$ ssectl {arguments}\n{stdout}{shown}");
        if !stderr.is_empty() {
            text += &format!("--- stderr\n{stderr}");
        }
        if code != 0 {
            text += &format!("--- exit {code}\n");
        }
        lasting(&text)
    }
}
