//! What comes over an open stream, and when.

use std::time::Duration;

use serde_json::value::RawValue;
use ssectl_core::{
    control::{
        client::{Client, ClientError},
        types::SendEvent,
    },
    request_id::RequestId,
};
use tokio::time::Instant;

use super::{
    super::{
        check::{Check, Verdict},
        http::{Answer, More},
    },
    Asked,
};
use crate::text::span;

const REQUEST_ID: &str = "url_request_id";
const BUFFERING: &str = "url_buffering";
const IDLE: &str = "url_idle";
/// All checks of this part.
pub(super) const IDS: [&str; 3] = [REQUEST_ID, BUFFERING, IDLE];

/// The event that is sent to the request id of the stream alone.
const EVENT: &str = "ssectl.doctor";
/// A stream begins with `retry:`, at once: whoever holds it back for so long holds everything back.
const FIRST: Duration = Duration::from_secs(3);
/// An event that takes longer is held back, and
const EVENT_LIMIT: Duration = Duration::from_secs(5);
/// one that takes so long was, for a while.
const SLOW: Duration = Duration::from_secs(1);

const UNBUFFERED: &str =
    "let the proxy pass every byte on at once: nginx: proxy_buffering off; and heed X-Accel-Buffering";

/// Looks at an open stream.
pub(super) async fn checks(answer: Answer, id: Option<&RequestId>, asked: &Asked<'_>) -> Vec<Check> {
    let mut watch = Watch { answer, seen: Vec::new(), ended: false };
    let first = watch.until(|seen| !seen.is_empty(), FIRST.min(asked.limit)).await;
    let (request_id, buffering) = match asked.daemon.zip(id) {
        Some((daemon, id)) if !watch.ended => {
            told(&mut watch, daemon, id, first, EVENT_LIMIT.min(asked.limit)).await
        }
        Some(_) | None => {
            let why =
                if id.is_none() { "the request id of the URL is none" } else { "no daemon can be asked" };
            (Check::skipped(REQUEST_ID, why), by_first_bytes(&watch, first))
        }
    };
    let idle = match asked.idle {
        None => Check::skipped(IDLE, "to see how long a proxy keeps it: --idle 70s"),
        Some(_) if watch.ended => Check::fail(IDLE, "it ended at once"),
        Some(long) => kept(&mut watch, long).await,
    };
    vec![request_id, buffering, idle]
}

/// Has the daemon send an event to this stream, and sees whether and when it comes.
async fn told(
    watch: &mut Watch,
    daemon: &Client,
    id: &RequestId,
    first: Option<Duration>,
    limit: Duration,
) -> (Check, Check) {
    let Ok(data) = RawValue::from_string("{}".to_owned()) else { return told_nothing(watch, first) };
    let order = SendEvent { name: EVENT.to_owned(), data, request_id: Some(id.clone()) };
    let sent = Instant::now();
    let receipt = match daemon.send_event(&order).await {
        Ok(answer) => answer.value.item,
        Err(ClientError::Refused(why)) => {
            let check =
                Check::skipped(REQUEST_ID, format!("the daemon was not told to send an event: {why}"));
            return (check, by_first_bytes(watch, first));
        }
        Err(_) => return told_nothing(watch, first),
    };
    if receipt.connections == 0 {
        let stranger = Check::fail(REQUEST_ID, format!("the daemon knows no connection {id}")).hint(
            "the proxy must keep the query (?request_id=) and lead to this daemon: compare ssectl status",
        );
        return (stranger, by_first_bytes(watch, first));
    }
    let carried = Check::ok(REQUEST_ID, format!("the daemon knows the stream as {id}"));
    let came = watch.until(|seen| contains(seen, EVENT), limit.saturating_sub(sent.elapsed())).await;
    let buffering = match came.map(|_| sent.elapsed()) {
        Some(took) if took < SLOW => {
            Check::ok(BUFFERING, format!("an event arrives after {} ms", took.as_millis()))
        }
        Some(took) => Check::warn(BUFFERING, format!("an event arrives after {} ms only", took.as_millis()))
            .hint(UNBUFFERED),
        None if watch.ended => ended(),
        None => Check::fail(BUFFERING, format!("an event did not arrive within {limit:?}: it is held back"))
            .hint(UNBUFFERED),
    };
    (carried, buffering)
}

fn told_nothing(watch: &Watch, first: Option<Duration>) -> (Check, Check) {
    (Check::skipped(REQUEST_ID, "no daemon can be asked"), by_first_bytes(watch, first))
}

/// What the beginning of a stream says, where nobody can be told to send anything.
fn by_first_bytes(watch: &Watch, first: Option<Duration>) -> Check {
    match first {
        Some(_) if watch.ended => ended(),
        Some(took) => {
            Check::ok(BUFFERING, format!("the first bytes come {} ms after the head", took.as_millis()))
        }
        None if watch.ended => ended(),
        None => {
            Check::fail(BUFFERING, format!("nothing comes within {FIRST:?} after the head: it is held back"))
                .hint(UNBUFFERED)
        }
    }
}

fn ended() -> Check {
    Check::fail(BUFFERING, "the stream ended at once: the daemon lets nobody in now, or a proxy cut it off")
        .hint("ssectl status says whether it drains, is full or stops")
}

/// Keeps the stream open, and sees whether it is ended and how long it was silent.
async fn kept(watch: &mut Watch, long: Duration) -> Check {
    let began = Instant::now();
    let (mut last, mut longest) = (began, Duration::ZERO);
    loop {
        let more = watch.answer.more(began + long).await;
        longest = longest.max(last.elapsed());
        match more {
            More::Bytes(_) => last = Instant::now(),
            More::Nothing => break,
            More::End => {
                let (kept, silent) = (brief(began.elapsed()), brief(last.elapsed()));
                return Check::fail(IDLE, format!("it was ended after {kept}, silent for {silent}")).hint(
                    "let the proxy keep it for longer than stream.heartbeat: nginx: proxy_read_timeout 75s;",
                );
            }
        }
    }
    let check = if longest >= long { Check::warn } else { Check::ok };
    let told = format!("kept for {}, silent for {} at most", brief(long), brief(longest));
    let check = check(IDLE, told);
    match check.result {
        Verdict::Warn => {
            check.hint("no heartbeat came: --idle for longer than stream.heartbeat (15s) tells more")
        }
        _ => check,
    }
}

fn brief(time: Duration) -> String {
    match u64::try_from(time.as_millis()) {
        Ok(ms) if ms < 10_000 => format!("{ms} ms"),
        Ok(ms) => span(i64::try_from(ms).unwrap_or(i64::MAX)),
        Err(_) => "ages".to_owned(),
    }
}

/// A stream, and what was read of it.
struct Watch {
    answer: Answer,
    seen: Vec<u8>,
    ended: bool,
}

impl Watch {
    /// Reads until this holds of all that came. Returns how long that took, unless it took longer than the limit.
    async fn until(&mut self, holds: impl Fn(&[u8]) -> bool, limit: Duration) -> Option<Duration> {
        let began = Instant::now();
        while !holds(&self.seen) {
            match self.answer.more(began + limit).await {
                More::Bytes(bytes) => self.seen.extend_from_slice(&bytes),
                More::Nothing => return None,
                More::End => {
                    self.ended = true;
                    return holds(&self.seen).then(|| began.elapsed());
                }
            }
        }
        Some(began.elapsed())
    }
}

fn contains(seen: &[u8], text: &str) -> bool {
    seen.windows(text.len()).any(|part| part == text.as_bytes())
}
