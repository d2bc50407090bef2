//! The daemon, what is wrong with it, how much goes on.

use std::time::Instant;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
    widgets::{RenderDirection, Sparkline},
};
use ssectl_core::control::types::{Counters, Status, VersionStatus};

use super::{
    super::{
        model::Model,
        rates::{self, What},
    },
    Look,
};
use crate::text::{self, harmless};

/// Lines of what is wrong, at most.
const ALERTS: usize = 3;
/// A silence is not worth a word before it has lasted this much longer than a pause between two questions.
const SILENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// Draws the line that says what is seen here.
pub(super) fn title(frame: &mut Frame<'_>, model: &Model, area: Rect) {
    let mut parts = vec![Span::styled("ssectl top", model.style(Look::Title))];
    if let Some(scene) = &model.scene {
        let status = &scene.status;
        let look = if status.phase == "ready" { Look::Good } else { Look::Warning };
        let more = format!("  {}  up {}  pid {}", harmless(&status.mode), uptime(status), status.pid);
        parts.push(Span::raw("  "));
        parts.push(Span::styled(harmless(&status.phase), model.style(look)));
        parts.push(Span::raw(more));
    }
    let pace = if model.paused { "paused".to_owned() } else { format!("every {:?}", model.every) };
    let width = u16::try_from(pace.len()).unwrap_or_default();
    let [left, right] = Layout::horizontal([Constraint::Min(0), Constraint::Length(width + 1)]).areas(area);
    frame.render_widget(Line::from(parts), left);
    let look = if model.paused { Look::Warning } else { Look::Faint };
    frame.render_widget(Line::styled(pace, model.style(look)).right_aligned(), right);
}

fn uptime(status: &Status) -> String {
    let until = status.now.unwrap_or(status.started_at);
    text::span(until.as_millisecond() - status.started_at.as_millisecond())
}

/// Returns what is wrong, the worst first.
pub(super) fn alerts<'a>(model: &Model, now: Instant) -> Vec<Line<'a>> {
    let mut all = Vec::new();
    let silence = now.saturating_duration_since(model.answered);
    if model.away.is_some() || !model.paused && silence > model.every + SILENCE {
        let why = model.away.as_ref().map_or_else(String::new, |why| format!(": {}", harmless(why)));
        all.push((Look::Bad, format!("no answer since {} s, trying again{why}", silence.as_secs())));
    }
    if let Some(scene) = &model.scene {
        let status = &scene.status;
        all.extend(status.degraded.iter().map(|why| (Look::Bad, format!("degraded: {}", harmless(why)))));
        all.extend(status.drain.as_ref().map(|drain| {
            let left =
                format!("draining: {} of {} streams left, none is let in", drain.left, drain.connections);
            (Look::Warning, left)
        }));
        all.extend(
            scene.warnings.iter().map(|warning| (Look::Warning, format!("warning: {}", harmless(warning)))),
        );
    }
    if all.len() > ALERTS {
        let more = all.len() - (ALERTS - 1);
        all.truncate(ALERTS - 1);
        all.push((Look::Warning, format!("and {more} more: ssectl status")));
    }
    all.into_iter().map(|(look, words)| Line::styled(words, model.style(look))).collect()
}

/// Draws rates and how they were: as many as there are lines.
pub(super) fn rates(frame: &mut Frame<'_>, model: &Model, area: Rect) {
    let all = [
        ("deliveries/s", What::Written),
        ("connects/s", What::Connects),
        ("events/s", What::Events),
        ("bytes/s", What::Bytes),
    ];
    for (row, (name, what)) in area.rows().zip(all) {
        let [left, right] = Layout::horizontal([Constraint::Length(22), Constraint::Min(0)]).areas(row);
        let now = model.rates.now(what).map_or_else(|| "-".to_owned(), rates::words);
        let words = vec![
            Span::raw(format!("{name:<13}")),
            Span::styled(format!("{now:>7}"), model.style(Look::Title)),
        ];
        frame.render_widget(Line::from(words), left);
        // Hundredths: a graph is of whole numbers.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rates are not negative")]
        let data = model.rates.series(what).iter().map(|rate| (rate * 100.0).ceil() as u64);
        let graph = Sparkline::default()
            .data(data.take(right.width.into()))
            .direction(RenderDirection::RightToLeft)
            .style(model.style(Look::Graph));
        frame.render_widget(graph, right);
    }
}

/// Returns what there is and was, in numbers.
pub(super) fn summary<'a>(model: &Model) -> Vec<Line<'a>> {
    let Some(scene) = &model.scene else { return vec![Line::from("asking the daemon …")] };
    let status = &scene.status;
    let mut there = text::count(status.connections, "connection");
    if let (Some(came), Some(left)) = (model.rates.now(What::Connects), model.rates.now(What::Disconnects)) {
        there += &format!(", +{} -{} a second", rates::words(came), rates::words(left));
    }
    let queued = status.queued.filter(|queued| queued.connections > 0).map_or_else(
        || "nothing queued".to_owned(),
        |queued| format!("{} bytes queued for {}", text::bytes(queued.bytes), queued.connections),
    );
    let queued_look =
        if status.queued.is_some_and(|queued| queued.connections > 0) { Look::Warning } else { Look::Plain };
    let mut lines = vec![Line::from(vec![
        Span::raw(there),
        Span::raw("  "),
        Span::styled(queued, model.style(queued_look)),
    ])];
    lines.push(match &status.counters {
        Some(counters) => counted(model, counters),
        None => Line::from("this daemon does not count: it is older than this ssectl"),
    });
    lines.extend(version(status, model.version.as_ref()).map(Line::from));
    lines
}

fn counted<'a>(model: &Model, counters: &Counters) -> Line<'a> {
    let mut spans = vec![Span::styled("since the start  ", model.style(Look::Faint))];
    let all = [
        ("written", counters.written, Look::Plain),
        ("failed", counters.failed, Look::Bad),
        ("too slow", counters.slow, Look::Bad),
        ("refused", counters.refused, Look::Warning),
        ("replaced", counters.replaced, Look::Plain),
    ];
    for (name, count, look) in all {
        let look = if count == 0 { Look::Plain } else { look };
        spans.push(Span::styled(format!("{name} {}  ", text::bytes(count)), model.style(look)));
    }
    Line::from(spans)
}

/// Returns what is pending, and who was told.
fn version(status: &Status, version: Option<&VersionStatus>) -> Option<String> {
    if status.pending_versions == 0 {
        return None;
    }
    let told = version.and_then(|told| Some((told, told.version.as_ref()?)));
    Some(match told {
        Some((told, version)) => {
            let others = match status.pending_versions {
                1 => String::new(),
                more => format!("  +{} for single request ids", more - 1),
            };
            format!(
                "pending  {}  sent to {} of {}{}{others}",
                harmless(version),
                told.sent,
                told.connections,
                reach(told)
            )
        }
        None => {
            format!("pending  {} for single request ids", text::count(status.pending_versions, "version"))
        }
    })
}

/// Returns what became of it for those who were there when it was queued.
fn reach(told: &VersionStatus) -> String {
    let Some(delivery) = &told.delivery else { return String::new() };
    let figures = delivery.figures;
    if figures.connections == 0 {
        return String::new();
    }
    let mut words = format!(" ({} written", figures.written);
    for (count, what) in [
        (figures.queued, "queued"),
        (figures.failed, "failed"),
        (figures.overflowed, "too slow"),
        (figures.gone, "gone"),
    ] {
        if count > 0 {
            words += &format!(", {count} {what}");
        }
    }
    words + ")"
}
