//! Reads request heads. A pure function of the bytes: what it says of a head does not depend on how the network
//! cut it into pieces.

use std::sync::Arc;

use super::frame::Transfer;

/// The longest head, and
pub(super) const HEAD_BYTES: usize = 16 * 1024;
/// the most header fields that are read.
const HEADERS: usize = 100;
/// Where streams are.
const STREAM_PATH: &str = "/api/sse/stream";
/// What is kept of a `User-Agent`.
const USER_AGENT_BYTES: usize = 256;

/// What the bytes so far are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict<T> {
    /// The beginning of a head.
    Incomplete,
    /// A whole head that asks for a stream.
    Stream(T),
    /// A whole head that asks for something else.
    Other,
    /// No head that is answered.
    Bad(HeadFault),
}

/// A request for a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StreamHead {
    /// The request target as it was sent.
    pub(super) target: String,
    /// How the answer is to be delimited.
    pub(super) transfer: Transfer,
    /// `Host`, empty where HTTP/1.0 did without.
    pub(super) host: String,
    /// The page's origin: browsers name it when it is another one.
    pub(super) origin: Option<String>,
    /// `User-Agent`, shortened.
    pub(super) user_agent: Option<Arc<str>>,
    /// `X-Forwarded-For`, as often as it was sent.
    pub(super) forwarded: Vec<String>,
    /// `Last-Event-ID`, which browsers send when they come back.
    pub(super) last_event_id: Option<String>,
    /// Who asks.
    pub(super) agent: Agent,
    /// The request as callbacks repeat it, where there are any.
    pub(super) repeated: Option<Arc<str>>,
}

/// Who asks for a stream, as far as it shows. A browser gives up for good after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agent {
    /// A browser, or something that may be one.
    Browser,
    /// Certainly not a browser.
    Program,
}

/// Why a head is not answered with what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeadFault {
    /// It is not HTTP.
    #[error("Malformed HTTP request")]
    Malformed,
    /// HTTP/1.1 demands exactly one `Host`.
    #[error("A request must have exactly one Host header")]
    Host,
    /// It is too long, or has too many fields.
    #[error("The request's head has more than {HEAD_BYTES} bytes or {HEADERS} fields")]
    TooLarge,
}

/// Judges the first bytes of a connection; `judge` a whole head in them.
pub(crate) fn read<T>(bytes: &[u8], judge: impl Fn(&httparse::Request<'_, '_>) -> Verdict<T>) -> Verdict<T> {
    let mut fields = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut fields);
    // What lies beyond the limit is not looked at, however much of it has arrived.
    match request.parse(&bytes[..bytes.len().min(HEAD_BYTES)]) {
        Ok(httparse::Status::Complete(_)) => judge(&request),
        Ok(httparse::Status::Partial) if bytes.len() < HEAD_BYTES => Verdict::Incomplete,
        Ok(httparse::Status::Partial) | Err(httparse::Error::TooManyHeaders) => {
            Verdict::Bad(HeadFault::TooLarge)
        }
        Err(_) => Verdict::Bad(HeadFault::Malformed),
    }
}

/// As [`read`], where all but the bytes from `before` on were found incomplete. A head ends with a line end:
/// whoever sends byte by byte does not make us read it all over each time.
pub(super) fn read_more<T>(
    bytes: &[u8],
    before: usize,
    judge: impl Fn(&httparse::Request<'_, '_>) -> Verdict<T>,
) -> Verdict<T> {
    if worth_reading(bytes, before) { read(bytes, judge) } else { Verdict::Incomplete }
}

/// Returns whether the bytes from `before` on can have ended a head.
pub(super) fn worth_reading(bytes: &[u8], before: usize) -> bool {
    bytes[before..].contains(&b'\n') || bytes.len() >= HEAD_BYTES
}

/// Returns how many bytes the request has that begins here, where its head tells: with its body, unless that is in
/// chunks.
pub(super) fn length(bytes: &[u8]) -> Option<u64> {
    let mut fields = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut fields);
    let Ok(httparse::Status::Complete(head)) = request.parse(bytes) else { return None };
    if values(&request, "transfer-encoding").next().is_some() {
        return None;
    }
    let mut body = 0;
    for value in values(&request, "content-length") {
        body = value.parse::<u64>().ok()?;
    }
    body.checked_add(head as u64)
}

/// Returns how the answer to a request is to be delimited.
pub(crate) fn transfer(request: &httparse::Request<'_, '_>) -> Transfer {
    if request.version == Some(0) { Transfer::Plain } else { Transfer::Chunked }
}

impl StreamHead {
    /// Judges a head as the daemon's public listener does.
    pub(super) fn judge(request: &httparse::Request<'_, '_>) -> Verdict<Self> {
        let transfer = transfer(request);
        let hosts = values(request, "host").count();
        if hosts > 1 || (hosts == 0 && transfer == Transfer::Chunked) {
            return Verdict::Bad(HeadFault::Host);
        }
        let target = request.path.unwrap_or_default();
        if request.method != Some("GET") || path(target) != STREAM_PATH {
            return Verdict::Other;
        }
        Verdict::Stream(Self {
            target: target.to_owned(),
            transfer,
            host: values(request, "host").next().unwrap_or_default(),
            origin: values(request, "origin").next(),
            user_agent: values(request, "user-agent").next().map(|text| shorten(text, USER_AGENT_BYTES)),
            forwarded: forwarded(request),
            last_event_id: values(request, "last-event-id").find(|id| !id.is_empty()),
            agent: agent(request),
            repeated: None,
        })
    }
}

fn values(request: &httparse::Request<'_, '_>, name: &'static str) -> impl Iterator<Item = String> {
    let named = request.headers.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
    named.map(|field| String::from_utf8_lossy(field.value).into_owned())
}

/// Returns `X-Forwarded-For`, as often as it was sent.
pub(crate) fn forwarded(request: &httparse::Request<'_, '_>) -> Vec<String> {
    values(request, "x-forwarded-for").collect()
}

/// Returns who asks. An `EventSource` accepts event streams; a `fetch` need not, but shows itself otherwise.
pub(crate) fn agent(request: &httparse::Request<'_, '_>) -> Agent {
    let says = |name, what: fn(&str) -> bool| values(request, name).any(|value| what(&value));
    let accepts = says("accept", |_| true);
    let wants_stream = says("accept", |value| value.to_ascii_lowercase().contains("text/event-stream"));
    let in_a_page = ["sec-fetch-mode", "sec-fetch-site", "sec-fetch-dest", "origin", "last-event-id"]
        .into_iter()
        .any(|name| says(name, |_| true));
    let calls_itself_one = says("user-agent", |value| value.starts_with("Mozilla/"));
    if accepts && !wants_stream && !in_a_page && !calls_itself_one { Agent::Program } else { Agent::Browser }
}

/// Returns the path of a request target in origin or absolute form.
pub(crate) fn path(target: &str) -> &str {
    let path = match target.split_once("://") {
        Some((scheme, rest)) if ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) => {
            &rest[rest.find(['/', '?', '#']).unwrap_or(rest.len())..]
        }
        _ => target,
    };
    path.split(['?', '#']).next().unwrap_or_default()
}

fn shorten(mut text: String, bytes: usize) -> Arc<str> {
    while text.len() > bytes {
        text.pop();
    }
    text.into()
}

/// For [`crate::fuzzing`]: a head, and all that is read of one that asks for a stream.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(bytes: &[u8]) {
    let _ = (length(bytes), worth_reading(bytes, bytes.len() / 2));
    if let Verdict::Stream(head) = read(bytes, StreamHead::judge) {
        assert_eq!(path(&head.target), STREAM_PATH);
        assert!(head.user_agent.as_deref().is_none_or(|text| text.len() <= USER_AGENT_BYTES));
        let _ = crate::request_url::request_id(&head.target);
        super::cors::fuzz(head.origin.as_deref(), &head.host);
        super::gate::fuzz(&head.forwarded);
        let hosts = crate::hosts::Hosts::new(([127, 0, 0, 1], 80).into(), &["*.example".to_owned()]);
        let _ = hosts.admits(&head.host);
    }
}

#[cfg(test)]
mod tests;
