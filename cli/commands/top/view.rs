//! What is seen: of the width and height that there is.

mod front;
mod head;
mod lists;

use std::time::Instant;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::Line,
    widgets::Paragraph,
};

use super::model::{Front, Model};

/// The least that anything can be seen on.
const NARROWEST: u16 = 40;
const LOWEST: u16 = 10;
/// What is so low shows the most important alone; there is room for everything from here on.
const MEDIUM: u16 = 14;
const ROOMY: u16 = 18;
/// Rows of tasks, under their title.
const TASKS: u16 = 4;

/// What a text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Plain,
    Faint,
    Title,
    Good,
    Warning,
    Bad,
    Graph,
    Chosen,
}

impl Model {
    /// Without colours it can be told apart all the same.
    fn style(&self, look: Look) -> Style {
        let plain = Style::new();
        let colour = |colour| if self.colours { plain.fg(colour) } else { plain };
        match look {
            Look::Plain => plain,
            Look::Faint => plain.add_modifier(Modifier::DIM),
            Look::Title => plain.add_modifier(Modifier::BOLD),
            Look::Good => colour(Color::Green),
            Look::Warning => colour(Color::Yellow).add_modifier(Modifier::BOLD),
            Look::Bad => colour(Color::Red).add_modifier(Modifier::BOLD),
            Look::Graph => colour(Color::Cyan),
            Look::Chosen => plain.add_modifier(Modifier::REVERSED),
        }
    }
}

/// Draws all of it, as it is at this moment.
pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, now: Instant) {
    let area = frame.area();
    if area.width < NARROWEST || area.height < LOWEST {
        return too_small(frame, area);
    }
    let alerts = head::alerts(model, now);
    let mut summary = head::summary(model);
    let (rates, most) = match area.height {
        ROOMY.. => (4, TASKS),
        MEDIUM.. => (2, 1),
        _ => (1, 0),
    };
    if area.height < MEDIUM {
        summary.truncate(1);
    }
    let tasks = match model.scene.as_ref().map_or(0, |scene| scene.tasks.len()) {
        0 => 0,
        _ if most == 0 => 0,
        some => 1 + u16::try_from(some).unwrap_or(most).min(most),
    };
    let height = |lines: usize| Constraint::Length(u16::try_from(lines).unwrap_or_default());
    let [title, trouble, graphs, numbers, work, people, keys] = Layout::vertical([
        height(1),
        height(alerts.len()),
        Constraint::Length(rates),
        height(summary.len()),
        Constraint::Length(tasks),
        Constraint::Min(2),
        height(1),
    ])
    .areas(area);
    head::title(frame, model, title);
    frame.render_widget(Paragraph::new(alerts), trouble);
    head::rates(frame, model, graphs);
    frame.render_widget(Paragraph::new(summary), numbers);
    lists::tasks(frame, model, work);
    lists::connections(frame, model, people);
    front::keys(frame, model, keys);
    match &model.front {
        Front::Nothing => {}
        Front::Help => front::help(frame, model, area),
        Front::Details(connection) => front::details(frame, model, connection, area),
    }
}

fn too_small(frame: &mut Frame<'_>, area: Rect) {
    let words = [
        Line::from("too small"),
        Line::from(format!("{}x{} of {NARROWEST}x{LOWEST}", area.width, area.height)),
        Line::from("q ends"),
    ];
    frame.render_widget(Paragraph::new(words.to_vec()), area);
}

#[cfg(test)]
mod tests;
