//! Arguments that are checked before anything is sent.

use std::time::Duration;

use hyper::{
    Uri,
    header::{HeaderName, HeaderValue},
};
use jiff::Timestamp;
use serde_json::Value;
use ssectl_core::{
    event::{EventName, InvalidEventName},
    key::{self, InvalidKey},
    reason::{self, InvalidReason},
    task::MAX_NAME_BYTES,
    version::{InvalidLeast, Least, MAX_VERSION_BYTES},
};

/// A daemon is not asked more often than this.
const SHORTEST: Duration = Duration::from_millis(100);

/// Parses `10s`, `500ms`, `2m`, `1h`, or a number of seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no duration: say 500ms, 10s, 2m or 1h");
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
    let unit = match &text[digits..] {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    match number.checked_mul(unit) {
        None => Err(wrong()),
        Some(0) => Err("a time limit must be longer than nothing".to_owned()),
        Some(ms) => Ok(Duration::from_millis(ms)),
    }
}

/// Parses how often a daemon is asked.
pub(crate) fn interval(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        every if every < SHORTEST => Err(format!("the daemon has other work, too: say {SHORTEST:?} or more")),
        every => Ok(every),
    }
}

/// Parses how long to wait, which may be not at all.
pub(crate) fn patience(text: &str) -> Result<Duration, String> {
    let none = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    if none == "0" && ["", "ms", "s", "m", "h"].contains(&&text[1..]) {
        Ok(Duration::ZERO)
    } else {
        duration(text)
    }
}

/// Parses a share of connections, or a number of them.
pub(crate) fn least(text: &str) -> Result<Least, InvalidLeast> {
    text.parse()
}

/// Parses a time, or how long ago it was.
pub(crate) fn since(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("{text:?} is no time: say 1h, 30m, or 2026-01-31T08:00:00Z");
    if let Ok(moment) = text.parse() {
        return Ok(moment);
    }
    let ago = duration(text).map_err(|_| wrong())?;
    Timestamp::now().checked_sub(ago).map_err(|_| wrong())
}

/// Parses the address of a page: `http://` or `https://`, with a host.
pub(crate) fn web_address(text: &str) -> Result<Uri, String> {
    let wrong = || format!("{text:?} is no address: say https://app.example.org/api/sse/stream");
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("an address must not contain a password: it would be seen. Say it in a header: \
                    -H 'Authorization: Basic …'"
            .to_owned());
    }
    let complete = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    if complete { Ok(uri) } else { Err(wrong()) }
}

/// Parses the value of a header field.
pub(crate) fn field_value(text: &str) -> Result<HeaderValue, String> {
    text.parse().map_err(|_| format!("{text:?} has characters that a header may not have"))
}

/// Parses a header field, `Name: value`.
pub(crate) fn field(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let wrong = || format!("{text:?} is no header: say 'Cookie: a=b'");
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    Ok((name.trim().parse().map_err(|_| wrong())?, field_value(value.trim())?))
}

/// Parses a version: 1 to 256 bytes that say something.
pub(crate) fn version(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("a version must not be empty".to_owned());
    }
    if text.len() > MAX_VERSION_BYTES {
        return Err(format!("a version has at most {MAX_VERSION_BYTES} bytes"));
    }
    if text.chars().any(char::is_control) {
        return Err("a version must not contain control characters".to_owned());
    }
    Ok(text.to_owned())
}

/// Parses an idempotency key.
pub(crate) fn key(text: &str) -> Result<String, InvalidKey> {
    key::check(text).map(|()| text.to_owned())
}

/// Parses a reason.
pub(crate) fn reason(text: &str) -> Result<String, InvalidReason> {
    reason::check(text).map(|()| text.to_owned())
}

/// Parses an event name that applications may use.
pub(crate) fn event_name(text: &str) -> Result<EventName, InvalidEventName> {
    EventName::for_application(text)
}

/// Parses `name=value`; a value that is JSON is taken as such, anything else as text.
pub(crate) fn parameter(text: &str) -> Result<(String, Value), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
            Ok((name.to_owned(), value))
        }
        _ => Err(format!("{text:?} is not of the form name=value")),
    }
}

/// Parses a number from 0 to 1.
pub(crate) fn fraction(text: &str) -> Result<f64, String> {
    within(text, 1.0).ok_or_else(|| format!("{text:?} is no number from 0 to 1"))
}

/// Parses a number from 0 to 100, with or without `%`.
pub(crate) fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text);
    within(number, 100.0).ok_or_else(|| format!("{text:?} is no number from 0 to 100"))
}

fn within(text: &str, most: f64) -> Option<f64> {
    text.parse().ok().filter(|number| (0.0..=most).contains(number))
}

/// Parses a JSON object.
pub(crate) fn object(text: &str) -> Result<serde_json::Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))
}

/// Parses a task's name: 1 to 128 bytes that say something.
pub(crate) fn task_name(text: &str) -> Result<String, String> {
    let text = id(text)?;
    if text.len() > MAX_NAME_BYTES || text.chars().any(char::is_control) {
        return Err(format!("a task's name is 1 to {MAX_NAME_BYTES} bytes without control characters"));
    }
    Ok(text)
}

/// Parses an id that is not empty.
pub(crate) fn id(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("an id must not be empty".to_owned()) } else { Ok(text.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, ms) in
            [("10", 10_000), ("10s", 10_000), ("500ms", 500), ("2m", 120_000), ("1h", 3_600_000)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for wrong in
            ["", "s", "-1s", "1.5s", "10x", "0", "0s", "99999999999999999999s", "9999999999999999999h"]
        {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_daemon_is_not_asked_too_often() {
        assert_eq!(interval("100ms"), Ok(Duration::from_millis(100)));
        for wrong in ["99ms", "1ms", "0s", "x"] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_may_wait_for_nothing() {
        for text in ["0", "0s", "0ms"] {
            assert_eq!(patience(text), Ok(Duration::ZERO), "{text}");
        }
        assert_eq!(patience("10s"), Ok(Duration::from_secs(10)));
        assert!(patience("0x").is_err() && patience("").is_err() && patience("-0").is_err());
    }

    #[test]
    fn a_time_is_one_or_so_long_ago() {
        let moment: Timestamp = "2026-01-31T08:00:00Z".parse().expect("valid");
        assert_eq!(since("2026-01-31T08:00:00Z"), Ok(moment));
        assert_eq!(since("2026-01-31T09:00:00+01:00"), Ok(moment));
        let ago = Timestamp::now().as_second() - since("1h").expect("valid").as_second();
        assert!((3600..3660).contains(&ago), "{ago}");
        for wrong in ["", "yesterday", "0", "-1h", "999999999h"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn versions_say_something() {
        assert!(version("1.4.0 (ä)").is_ok());
        for wrong in ["", " ", "\t", "\u{a0}", "1\n2", "a\u{1b}b", &"x".repeat(257)] {
            assert!(version(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn parameters_are_json_or_text() {
        assert_eq!(parameter("steps=3"), Ok(("steps".into(), 3.into())));
        assert_eq!(parameter("delay=0.5"), Ok(("delay".into(), 0.5.into())));
        assert_eq!(parameter("message=a=b c"), Ok(("message".into(), "a=b c".into())));
        assert_eq!(parameter("message=\"3\""), Ok(("message".into(), "3".into())));
        assert!(parameter("steps").is_err() && parameter("=3").is_err());
    }

    #[test]
    fn progress_is_bounded() {
        assert_eq!((fraction("0.4"), percent("40"), percent("40%")), (Ok(0.4), Ok(40.0), Ok(40.0)));
        for wrong in ["-0.1", "1.1", "NaN", "inf", "x", ""] {
            assert!(fraction(wrong).is_err(), "{wrong}");
        }
        assert!(percent("101").is_err());
    }

    #[test]
    fn keys_are_printable() {
        assert!(key("ci-123/x").is_ok());
        for wrong in ["", "a b", "ä", "a\n", &"x".repeat(129)] {
            assert!(key(wrong).is_err(), "{wrong:?}");
        }
    }
}
