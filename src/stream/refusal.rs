//! Answers of the front that open no stream.
//!
//! A native `EventSource` gives up for good after any answer but `200` with an event stream. So what is wrong
//! for good is an HTTP error, and what will pass is an event stream that ends at once and says when to come back.
//! Programs are told the latter with `503` and `Retry-After`.

use std::time::Duration;

use axum::http::StatusCode;
use bytes::Bytes;

use super::{
    cors::Permission,
    head::{Agent, HeadFault},
    opening::{self, Length},
};
use crate::{http::guard::UNKNOWN_HOST, lifecycle::Shut, request_url::NoRequestId};

/// Where the daemon restarts: when browsers come back.
const SOON: (u64, u64) = (2_000, 5_000);
/// Where there are too many of them, or nobody knows how long it takes.
const LATER: (u64, u64) = (15_000, 45_000);
/// Where two tabs push each other out.
const FLAPPING: Duration = Duration::from_secs(60);

/// Why a stream is not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The head cannot be read.
    Head(HeadFault),
    /// It names no valid request id.
    RequestId(NoRequestId),
    /// The name it was asked under is not served.
    Host,
    /// The page's origin may not read streams.
    Origin,
    /// Its id keeps replacing itself.
    Flapping,
    /// An operator wants its id away for a while.
    Blocked,
    /// The daemon is shutting down.
    Draining,
    /// It is drained, and goes on.
    Drained,
    /// There are as many streams as there may be.
    Full,
    /// Its address has as many streams as it may have.
    PerIp,
    /// New ones come too fast.
    Rate,
    /// Admission took too long.
    Overloaded,
    /// The backend could not be asked.
    Unavailable,
    /// The backend says no.
    Denied(StatusCode),
}

impl Refusal {
    /// Returns the label of the metric.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Head(_) => "head",
            Self::RequestId(_) => "request_id",
            Self::Host => "host",
            Self::Origin => "origin",
            Self::Flapping => "flapping",
            Self::Blocked => "blocked",
            Self::Draining => "draining",
            Self::Drained => "drained",
            Self::Full => "full",
            Self::PerIp => "per_ip",
            Self::Rate => "rate",
            Self::Overloaded => "overloaded",
            Self::Unavailable => "unavailable",
            Self::Denied(_) => "denied",
        }
    }

    /// Returns the whole answer.
    pub(crate) fn answer(&self, permission: &Permission, agent: Agent) -> Bytes {
        let later = |words: &str, range| come_back(words, opening::jittered(range), permission, agent);
        match self {
            Self::Head(HeadFault::TooLarge) => {
                error("431 Request Header Fields Too Large", &HeadFault::TooLarge, permission)
            }
            Self::Head(fault) => error("400 Bad Request", fault, permission),
            Self::RequestId(fault) => error("400 Bad Request", fault, permission),
            Self::Host => error("421 Misdirected Request", &UNKNOWN_HOST, permission),
            Self::Origin => error("403 Forbidden", &"Origin not allowed", permission),
            Self::Denied(status) => {
                let words = format!("Backend returned {}", status.as_u16());
                let status =
                    format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or("Refused"));
                error(&status, &words, permission)
            }
            // The one status that stops an EventSource for good without an error.
            Self::Blocked => no_content(permission),
            // Two tabs, so a browser.
            Self::Flapping => event_stream(FLAPPING, permission),
            Self::Draining => later("Service is shutting down", SOON),
            Self::Drained => later("No new streams are opened here for the time being", LATER),
            Self::Full => later("Too many streams are open", LATER),
            Self::PerIp => later("Too many streams are open from this address", LATER),
            Self::Rate => later("Too many streams are being opened", LATER),
            Self::Overloaded => later("Service is overloaded", LATER),
            Self::Unavailable => later("Backend unavailable", LATER),
        }
    }
}

impl From<Shut> for Refusal {
    fn from(shut: Shut) -> Self {
        match shut {
            Shut::ForGood => Self::Draining,
            Shut::Drained => Self::Drained,
        }
    }
}

fn no_content(permission: &Permission) -> Bytes {
    let cors = opening::cors_fields(permission);
    format!("HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\n{cors}Connection: close\r\n\r\n").into()
}

fn error(status: &str, message: &impl std::fmt::Display, permission: &Permission) -> Bytes {
    error_with(status, "", message, permission)
}

fn error_with(
    status: &str,
    fields: &str,
    message: &impl std::fmt::Display,
    permission: &Permission,
) -> Bytes {
    let body = serde_json::json!({ "error": message.to_string() }).to_string();
    let cors = opening::cors_fields(permission);
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Cache-Control: no-store\r\n{fields}{cors}Connection: close\r\n\r\n{body}"
    )
    .into()
}

/// Says when to come back.
fn come_back(message: &str, after: Duration, permission: &Permission, agent: Agent) -> Bytes {
    match agent {
        Agent::Browser => event_stream(after, permission),
        Agent::Program => {
            let field = format!("Retry-After: {}\r\n", after.as_secs().max(1));
            error_with("503 Service Unavailable", &field, &message, permission)
        }
    }
}

fn event_stream(after: Duration, permission: &Permission) -> Bytes {
    let body = opening::retry(after);
    let mut answer = opening::head(Length::Known(body.len()), permission);
    answer.push_str(&body);
    answer.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request_id::InvalidRequestId;

    fn text(refusal: &Refusal, permission: &Permission) -> String {
        String::from_utf8(refusal.answer(permission, Agent::Browser).to_vec()).expect("text")
    }

    #[test]
    fn emb_7_a_bad_request_id_is_a_plain_error() {
        let invalid = NoRequestId::Invalid(InvalidRequestId::Character(':'));
        for (fault, body) in [
            (NoRequestId::Missing, r#"{"error":"Missing request_id in URL"}"#),
            (invalid, r#"{"error":"Invalid request_id format"}"#),
        ] {
            let answer = text(&Refusal::RequestId(fault), &Permission::SameOrigin);
            assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"));
            assert!(answer.contains(&format!("Content-Length: {}\r\n", body.len())));
            assert!(answer.ends_with(&format!("Connection: close\r\n\r\n{body}")), "{answer}");
        }
    }

    #[test]
    fn bug_g19_what_will_pass_is_an_event_stream_that_says_when_to_come_back() {
        for (refusal, (from, to)) in [
            (Refusal::Flapping, (60_000, 60_000)),
            (Refusal::Draining, SOON),
            (Refusal::Drained, LATER),
            (Refusal::Full, LATER),
            (Refusal::PerIp, LATER),
            (Refusal::Rate, LATER),
            (Refusal::Overloaded, LATER),
            (Refusal::Unavailable, LATER),
        ] {
            let answer = text(&refusal, &Permission::SameOrigin);
            let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
            assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"), "{head}");
            assert!(head.ends_with(&format!("\r\nContent-Length: {}", body.len())), "{head}");
            let retry = body.strip_prefix("retry: ").and_then(|rest| rest.strip_suffix("\n\n"));
            let retry: u64 = retry.and_then(|text| text.parse().ok()).expect("a retry line");
            assert!((from..=to).contains(&retry), "{refusal:?}: {retry}");
        }
    }

    #[test]
    fn programs_are_told_by_status_when_to_come_back() {
        for refusal in [
            Refusal::Draining,
            Refusal::Drained,
            Refusal::Full,
            Refusal::PerIp,
            Refusal::Rate,
            Refusal::Overloaded,
        ] {
            let answer = refusal.answer(&Permission::SameOrigin, Agent::Program);
            let answer = String::from_utf8(answer.to_vec()).expect("text");
            assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{answer}");
            let after = answer.split_once("\r\nRetry-After: ").expect("a time").1;
            let after: u64 = after.split_once("\r\n").expect("a line").0.parse().expect("seconds");
            assert!((2..=45).contains(&after), "{answer}");
            assert!(answer.contains("\r\n\r\n{\"error\":\""), "{answer}");
        }
    }

    #[test]
    fn gw_17_a_backends_no_is_its_status() {
        for (status, line) in [(401, "401 Unauthorized"), (404, "404 Not Found"), (499, "499 Refused")] {
            let status = StatusCode::from_u16(status).expect("a status");
            let answer = text(&Refusal::Denied(status), &Permission::SameOrigin);
            assert!(answer.starts_with(&format!("HTTP/1.1 {line}\r\n")), "{answer}");
            assert!(
                answer.ends_with(&format!("{{\"error\":\"Backend returned {}\"}}", status.as_u16())),
                "{answer}"
            );
        }
    }

    #[test]
    fn an_allowed_origin_may_read_refusals_too() {
        let allowed = Permission::Allowed("https://app.example".to_owned());
        for refusal in [Refusal::Full, Refusal::RequestId(NoRequestId::Missing)] {
            let answer = text(&refusal, &allowed);
            assert!(answer.contains("Access-Control-Allow-Origin: https://app.example\r\nVary: Origin\r\n"));
        }
    }
}
