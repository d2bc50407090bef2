//! Keys, help, and all that is known of one connection.

use ratatui::{
    Frame,
    layout::Rect,
    text::Line,
    widgets::{Block, Clear, Paragraph, Wrap},
};
use ssectl_core::control::types::ConnectionView;

use super::{
    super::{
        super::connections::card,
        keys::TABLE,
        model::{Front, Model},
    },
    Look,
};

/// Draws the keys that there is room for.
pub(super) fn keys(frame: &mut Frame<'_>, model: &Model, area: Rect) {
    let keys = match model.front {
        Front::Nothing => "q leave  ? help  s order  Tab list  Enter details  Space pause",
        Front::Help | Front::Details(_) => "Esc close  q leave",
    };
    let mut shown = String::new();
    for key in keys.split("  ") {
        if shown.len() + key.len() + 2 > area.width.into() {
            break;
        }
        if !shown.is_empty() {
            shown += "  ";
        }
        shown += key;
    }
    frame.render_widget(Line::styled(shown, model.style(Look::Faint)), area);
}

/// Draws what the keys do.
pub(super) fn help(frame: &mut Frame<'_>, model: &Model, area: Rect) {
    let lines: Vec<_> = TABLE.iter().map(|(keys, what)| format!("{keys:<15}{what}")).collect();
    boxed(frame, model, "keys", &lines, area);
}

/// Draws a connection.
pub(super) fn details(frame: &mut Frame<'_>, model: &Model, connection: &ConnectionView, area: Rect) {
    let card = card(connection);
    let lines: Vec<_> = card.lines().map(str::to_owned).collect();
    boxed(frame, model, "connection", &lines, area);
}

fn boxed(frame: &mut Frame<'_>, model: &Model, title: &str, lines: &[String], area: Rect) {
    let widest =
        lines.iter().map(|line| Line::raw(line.as_str()).width()).max().unwrap_or(0).max(title.len() + 2);
    let side = |content: usize, room: u16| u16::try_from(content + 2).unwrap_or(u16::MAX).min(room);
    let width = side(widest, area.width);
    let wrapped = |line: &String| Line::raw(line.as_str()).width().div_ceil(usize::from(width) - 2).max(1);
    let height = side(lines.iter().map(wrapped).sum(), area.height);
    let place = Rect { x: (area.width - width) / 2, y: (area.height - height) / 2, width, height };
    let block = Block::bordered().title(Line::styled(format!(" {title} "), model.style(Look::Title)));
    frame.render_widget(Clear, place);
    let lines: Vec<_> = lines.iter().map(|line| Line::raw(line.as_str())).collect();
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }).block(block), place);
}
