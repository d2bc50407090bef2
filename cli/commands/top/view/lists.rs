//! Tasks with how far they are, and connections.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};
use ssectl_core::{control::types::ConnectionView, task::TaskView};

use super::{
    super::model::{Focus, Model},
    Look,
};
use crate::{
    args::Format,
    listing,
    table::cut,
    text::{self, harmless},
};

/// Cells of a bar.
const BAR: usize = 20;

/// Draws as many tasks as there is room for, under a title.
pub(super) fn tasks(frame: &mut Frame<'_>, model: &Model, area: Rect) {
    let Some(scene) = model.scene.as_ref().filter(|_| area.height > 1) else { return };
    let counts = scene.status.tasks;
    let title =
        format!("tasks  {} running, {} waiting, {} ended", counts.running, counts.pending, counts.ended);
    let room = usize::from(area.height) - 1;
    let first = first_row(model.task, room);
    let rows = scene.tasks.iter().enumerate().skip(first).take(room);
    let rows = rows.map(|(row, task)| {
        let chosen = model.focus == Focus::Tasks && row == model.task;
        work(model, task, area.width.into(), chosen)
    });
    let title = titled(model, &title, Focus::Tasks);
    frame.render_widget(Paragraph::new([title].into_iter().chain(rows).collect::<Vec<_>>()), area);
}

fn work<'a>(model: &Model, task: &TaskView, width: usize, chosen: bool) -> Line<'a> {
    let progress = task.progress.as_ref();
    let value = progress.map_or(0.0, |progress| progress.value.clamp(0.0, 1.0));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let full = (value * BAR as f64).round() as usize;
    let said = match (&task.error, progress) {
        (Some(error), _) => harmless(error),
        (None, Some(progress)) => harmless(&progress.text),
        (None, None) => String::new(),
    };
    let look = match task.status.label() {
        "failed" => Look::Bad,
        "cancelled" => Look::Warning,
        "completed" => Look::Good,
        _ => Look::Graph,
    };
    let bar = format!("[{}{}] ", "=".repeat(full), " ".repeat(BAR - full));
    let state = if task.status.is_terminal() { task.status.label().to_owned() } else { text::percent(value) };
    let rest = width.saturating_sub(BAR + 3 + 10);
    let words = cut(&format!("{}  {said}", harmless(&task.name)), rest);
    let line = Line::from(vec![
        Span::styled(bar, model.style(look)),
        Span::styled(format!("{state:<10}"), model.style(look)),
        Span::raw(words),
    ]);
    if chosen { line.patch_style(model.style(Look::Chosen)) } else { line }
}

/// Draws as many connections as there is room for, under a title and their headers.
pub(super) fn connections(frame: &mut Frame<'_>, model: &Model, area: Rect) {
    let Some(list) = model.connections.as_ref().filter(|_| area.height > 1) else { return };
    let shown = if list.items.len() < list.total {
        format!("{} of {}", list.items.len(), list.total)
    } else {
        list.total.to_string()
    };
    let title = titled(model, &format!("connections  {shown}, {}", model.order.words()), Focus::Connections);
    let mut lines = vec![title];
    if list.items.is_empty() {
        lines.push(Line::styled("nobody", model.style(Look::Faint)));
        return frame.render_widget(Paragraph::new(lines), area);
    }
    let room = usize::from(area.height).saturating_sub(2);
    let first = first_row(model.connection, room);
    let seen = &list.items[first..list.items.len().min(first + room)];
    let table =
        listing::table(seen, &columns(seen, area.width), &["request_id", "user_agent"], Format::Table);
    let table = table.render(Some(area.width.into()));
    for (row, text) in table.lines().enumerate() {
        let look = match row {
            0 => Look::Faint,
            row if model.focus == Focus::Connections && first + row - 1 == model.connection => Look::Chosen,
            _ => Look::Plain,
        };
        lines.push(Line::styled(text.to_owned(), model.style(look)));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// The narrower it is, the fewer; a gateway knows no addresses.
fn columns(items: &[ConnectionView], width: u16) -> Vec<&'static str> {
    let place = if items.iter().any(|item| item.last_proven.is_some()) { "proven" } else { "address" };
    let mut columns = vec!["request_id", "state", "age", "queued"];
    if width >= 60 {
        columns.extend(["events", "bytes", place]);
    }
    if width >= 100 {
        columns.extend(["version", "user_agent"]);
    } else if width >= 70 {
        columns.push("user_agent");
    }
    columns
}

fn titled<'a>(model: &Model, title: &str, focus: Focus) -> Line<'a> {
    let mark = if model.focus == focus { "> " } else { "  " };
    Line::styled(format!("{mark}{title}"), model.style(Look::Title))
}

/// Returns the first row that is seen, so that the chosen one is.
fn first_row(chosen: usize, room: usize) -> usize {
    (chosen + 1).saturating_sub(room)
}
