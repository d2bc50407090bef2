//! What is written to streams: encoded once, shared by every connection, in both transfer codings at a time.

use std::{fmt::Write as _, sync::Arc, time::Instant};

use bytes::{Bytes, BytesMut};
use serde::Serialize;

use super::{event_id::EventId, history::Gap, opening};
use crate::{
    browser::{self, Bye, Rejected},
    config::Framing,
    connection::CloseReason,
    delivery::Reach,
    event::{Event, Held, JsonLine, Kind, Service, VersionSequence},
};

/// How the body of a response is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transfer {
    /// HTTP/1.1: one chunk per frame, so that an orderly end can be told from a broken one.
    Chunked,
    /// HTTP/1.0: until the connection closes.
    Plain,
}

/// What a shard must know of a frame besides its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// A version: not after a newer one.
    Version(VersionSequence),
    /// Progress of this task: gives way to newer progress while it waits.
    Progress(Arc<str>),
    /// Any other event.
    Event,
    /// Any other event, and what goes with it until it is sent.
    Held(Held),
    /// Not an event: heads, comments, farewells. Not counted.
    Note,
}

/// Encoded bytes on their way to one connection or to all.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    chunked: Bytes,
    plain: Bytes,
    /// What it is.
    pub(crate) content: Content,
    /// Under what it is counted.
    pub(crate) service: Service,
    /// When it was dispatched.
    pub(crate) at: Instant,
    /// Told what becomes of it, if somebody wants to know.
    pub(crate) reach: Option<Arc<Reach>>,
}

impl Frame {
    /// Encodes an event. One without an id leaves the browser where it is in the order.
    pub(crate) fn event(framing: Framing, id: Option<EventId>, event: &Event, at: Instant) -> Self {
        let Event { name, data, kind } = event;
        let data = data.as_str();
        let mut block = String::with_capacity(name.as_str().len() + data.len() + 96);
        // Writing to a string does not fail.
        if let Some(id) = id {
            let _ = writeln!(block, "id: {id}");
        }
        let _ = match framing {
            Framing::Named => write!(block, "event: {name}\ndata: {data}\n\n"),
            Framing::Envelope => write!(block, "data: {{\"type\":\"{name}\",\"payload\":{data}}}\n\n"),
        };
        let content = match kind {
            Kind::Version(sequence) => Content::Version(*sequence),
            Kind::Progress(task) => Content::Progress(Arc::clone(task)),
            Kind::TaskState | Kind::Application => Content::Event,
            Kind::TaskEnd(held) => Content::Held(held.clone()),
        };
        Self { content, service: event.service(), at, ..Self::note(&block) }
    }

    /// Returns the frame, of which it is counted what becomes of it, if somebody wants to know.
    pub(crate) fn counted_by(self, reach: Option<Arc<Reach>>) -> Self {
        Self { reach, ..self }
    }

    /// Returns an event that was encoded elsewhere.
    pub(crate) fn block(block: &str) -> Self {
        Self { content: Content::Event, ..Self::note(block) }
    }

    /// Returns an event of an earlier run.
    pub(super) fn restored(block: &str, content: Content, service: Service) -> Self {
        Self { content, service, ..Self::note(block) }
    }

    /// Returns the end of a body, for a stream that ends without a word.
    pub(crate) fn end(_: CloseReason) -> Self {
        Self::of(Bytes::from_static(b"0\r\n\r\n"), Bytes::new())
    }

    /// Returns a frame that is no event.
    pub(crate) fn note(block: &str) -> Self {
        let (chunked, plain) = encode(block, "");
        Self::of(chunked, plain)
    }

    /// Returns bytes that are sent as they are, whatever the transfer coding.
    pub(crate) fn raw(bytes: Bytes) -> Self {
        Self::of(bytes.clone(), bytes)
    }

    /// Returns the comment that keeps proxies from closing an idle stream.
    pub(crate) fn heartbeat() -> Self {
        Self::note(": heartbeat\n\n")
    }

    /// Returns the sign that what was pending has been sent. `data` is there because browsers drop an event
    /// without.
    pub(crate) fn ready() -> Self {
        Self::note("event: ready\ndata:\n\n")
    }

    /// Returns what tells a browser where it is in the order, and nothing else: an event without data is none.
    pub(crate) fn place(id: EventId) -> Self {
        Self::note(&format!("id: {id}\n\n"))
    }

    /// Returns the sign that events are missing which nobody can tell any more.
    pub(crate) fn gap(gap: Gap) -> Self {
        Self::note(&block("gap", &browser::Gap { reason: gap }))
    }

    /// Returns what a browser is told whose connect was refused, where that is said in the stream.
    pub(crate) fn rejected(status: u16, message: &str) -> Self {
        Self::note(&block("rejected", &Rejected { status, message }))
    }

    /// Returns the frame as it is kept: without what waits for it to be sent.
    pub(crate) fn for_later(&self) -> Self {
        let content = match &self.content {
            Content::Held(_) => Content::Event,
            content => content.clone(),
        };
        Self { content, ..self.clone() }
    }

    /// Returns the last frame of a stream that we end, with the end of the body.
    pub(crate) fn bye(reason: CloseReason) -> Self {
        // Whoever is sent away by the clock comes back at a time of its own.
        let by_the_clock = matches!(reason, CloseReason::Lifetime | CloseReason::Drain);
        let retry = if by_the_clock { opening::again() } else { String::new() };
        Self::last(&retry, &Bye { reason, message: None })
    }

    /// Returns the last frame of a stream that an operator ended, with what they say to the browser.
    pub(crate) fn dismissal(words: Option<&str>) -> Self {
        Self::last("", &Bye { reason: CloseReason::Disconnected, message: words })
    }

    fn last(retry: &str, bye: &Bye<'_>) -> Self {
        let (chunked, plain) = encode(&format!("{retry}{}", block("bye", bye)), "0\r\n\r\n");
        Self::of(chunked, plain)
    }

    /// Returns the bytes for a connection of this coding.
    pub(crate) fn bytes(&self, transfer: Transfer) -> &Bytes {
        match transfer {
            Transfer::Chunked => &self.chunked,
            Transfer::Plain => &self.plain,
        }
    }

    /// Returns which version it tells, if it tells one.
    pub(crate) fn version(&self) -> Option<VersionSequence> {
        if let Content::Version(sequence) = self.content { Some(sequence) } else { None }
    }

    /// Returns whether its sending is counted.
    pub(crate) fn is_event(&self) -> bool {
        self.content != Content::Note
    }

    fn of(chunked: Bytes, plain: Bytes) -> Self {
        Self {
            chunked,
            plain,
            content: Content::Note,
            service: Service::Event,
            at: Instant::now(),
            reach: None,
        }
    }
}

/// Returns an event that has its name in both framings.
fn block(name: &str, payload: &impl Serialize) -> String {
    let data = JsonLine::encode(payload).expect("it has names for keys");
    format!("event: {name}\ndata: {}\n\n", data.as_str())
}

/// Returns the block as one chunk with the trailer, and the block within it.
fn encode(block: &str, trailer: &str) -> (Bytes, Bytes) {
    let mut wire = BytesMut::with_capacity(block.len() + trailer.len() + 16);
    // Writing to a growing buffer does not fail.
    let _ = write!(wire, "{:x}\r\n", block.len());
    let head = wire.len();
    let _ = write!(wire, "{block}\r\n{trailer}");
    let chunked = wire.freeze();
    let plain = chunked.slice(head..head + block.len());
    (chunked, plain)
}

#[cfg(test)]
mod tests;
