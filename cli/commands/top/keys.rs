//! Keys, and what they mean.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What somebody wants by a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Leave what is in front: details, help, all of it.
    Back,
    Quit,
    Interrupt,
    Suspend,
    Help,
    Pause,
    Refresh,
    /// Draw it anew, whatever others wrote on it.
    Redraw,
    NextOrder,
    NextList,
    Details,
    /// So many rows down; up, if negative.
    Move(isize),
    First,
    Last,
}

/// The keys, for the help.
pub(super) const TABLE: [(&str, &str); 10] = [
    ("q, Esc", "leave; Esc closes this first"),
    ("Ctrl-C", "leave, with exit code 130"),
    ("Ctrl-Z", "suspend"),
    ("s", "the next order of connections"),
    ("Tab", "the other list: connections, tasks"),
    ("↑ ↓ PgUp PgDn", "move in the list; also j, k, Home, End"),
    ("Enter", "all that is known of a connection"),
    ("Space", "pause, go on"),
    ("r", "ask at once"),
    ("?", "this help"),
];

/// How many rows a page has.
const PAGE: isize = 10;

/// Returns what a key means, if anything.
pub(super) fn meaning(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    if event.modifiers.contains(KeyModifiers::CONTROL) {
        return match event.code {
            KeyCode::Char('c') => Some(Key::Interrupt),
            KeyCode::Char('z') => Some(Key::Suspend),
            KeyCode::Char('l') => Some(Key::Redraw),
            _ => None,
        };
    }
    match event.code {
        KeyCode::Esc => Some(Key::Back),
        KeyCode::Char('q') => Some(Key::Quit),
        KeyCode::Char('?' | 'h') | KeyCode::F(1) => Some(Key::Help),
        KeyCode::Char(' ' | 'p') => Some(Key::Pause),
        KeyCode::Char('r') => Some(Key::Refresh),
        KeyCode::Char('s') => Some(Key::NextOrder),
        KeyCode::Tab | KeyCode::BackTab => Some(Key::NextList),
        KeyCode::Enter => Some(Key::Details),
        KeyCode::Up | KeyCode::Char('k') => Some(Key::Move(-1)),
        KeyCode::Down | KeyCode::Char('j') => Some(Key::Move(1)),
        KeyCode::PageUp => Some(Key::Move(-PAGE)),
        KeyCode::PageDown => Some(Key::Move(PAGE)),
        KeyCode::Home | KeyCode::Char('g') => Some(Key::First),
        KeyCode::End | KeyCode::Char('G') => Some(Key::Last),
        _ => None,
    }
}
