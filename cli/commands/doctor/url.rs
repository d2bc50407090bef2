//! The public path: a stream opened as a browser opens it, through whatever is in between.

mod head;
mod stream;

use std::time::Duration;

use hyper::{
    HeaderMap, StatusCode, Uri,
    header::{ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, HeaderName, HeaderValue, ORIGIN, USER_AGENT},
};
use percent_encoding::percent_decode_str;
use ssectl_core::{control::client::Client, request_id::RequestId};

use super::{
    check::{Check, Verdict},
    http::{self, Answer, Unanswered},
};

const CONNECT: &str = "url_connect";
const HTTP2: &str = "url_http2";
/// What a browser would take.
const ENCODINGS: &str = "gzip, deflate, br, zstd";
/// A browser opens so many connections to one host over HTTP/1.1, over all of its tabs.
const SIX: &str =
    "over HTTP/1.1 a browser has six connections to a host over all tabs: a seventh tab waits for ever";

/// What is to be looked at.
pub(super) struct Asked<'a> {
    pub(super) url: &'a Uri,
    pub(super) origin: Option<&'a HeaderValue>,
    pub(super) headers: &'a [(HeaderName, HeaderValue)],
    pub(super) idle: Option<Duration>,
    /// The daemon behind it, if it can be asked.
    pub(super) daemon: Option<&'a Client>,
    pub(super) limit: Duration,
}

/// Looks at it.
pub(super) async fn examine(asked: &Asked<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    match http::offers_http2(asked.url, asked.limit).await {
        Ok(offered) => checks.push(http2(offered)),
        Err(error) => {
            checks.push(unreachable(asked, &error));
            checks.extend(skipped(&[HTTP2], "there is no connection"));
            checks.extend(skipped(&head::IDS, "there is no answer"));
            checks.extend(skipped(&stream::IDS, "there is no stream"));
            return checks;
        }
    }
    let (target, id) = with_request_id(asked.url);
    let answer = match http::get(&target, asked.request(ENCODINGS), asked.limit).await {
        Ok(answer) => answer,
        Err(error) => {
            checks.insert(0, unreachable(asked, &error));
            checks.extend(skipped(&head::IDS, "there is no answer"));
            checks.extend(skipped(&stream::IDS, "there is no stream"));
            return checks;
        }
    };
    let answer = without_origin(asked, &target, answer).await;
    checks.insert(0, Check::ok(CONNECT, format!("{} answers", authority(asked.url))));
    let of_head = head::checks(&answer, asked.origin);
    let is_stream = of_head.iter().take(2).all(|check| check.result == Verdict::Ok);
    let compressed =
        of_head.iter().any(|check| check.check == head::COMPRESSION && check.result == Verdict::Fail);
    checks.extend(of_head);
    if !is_stream {
        checks.extend(skipped(&stream::IDS, "what answers is no stream"));
        return checks;
    }
    checks.extend(match (compressed, reopened(asked, answer, &target, compressed).await) {
        (_, Some(answer)) => stream::checks(answer, id.as_ref(), asked).await,
        (_, None) => skipped(&stream::IDS, "it opens compressed only"),
    });
    checks
}

/// Returns the answer to the same request without an origin, where only that was refused: `url_cors` says so then.
async fn without_origin(asked: &Asked<'_>, target: &Uri, answer: Answer) -> Answer {
    if answer.status != StatusCode::FORBIDDEN || asked.origin.is_none() {
        return answer;
    }
    let mut request = asked.request(ENCODINGS);
    request.remove(ORIGIN);
    match http::get(target, request, asked.limit).await {
        Ok(other) if other.status.is_success() => other,
        _ => answer,
    }
}

/// Returns a stream that can be read: another one where the first is compressed.
async fn reopened(asked: &Asked<'_>, first: Answer, target: &Uri, compressed: bool) -> Option<Answer> {
    if !compressed {
        return Some(first);
    }
    drop(first);
    let plain = http::get(target, asked.request("identity"), asked.limit).await.ok()?;
    head::is_plain(&plain.headers).then_some(plain)
}

impl Asked<'_> {
    fn request(&self, encodings: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(encodings));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("ssectl/", env!("CARGO_PKG_VERSION"), " doctor")),
        );
        headers.extend(self.origin.map(|origin| (ORIGIN, origin.clone())));
        headers.extend(self.headers.iter().cloned());
        headers
    }
}

fn skipped(ids: &[&'static str], why: &str) -> Vec<Check> {
    ids.iter().map(|id| Check::skipped(id, why)).collect()
}

fn authority(uri: &Uri) -> &str {
    uri.authority().map_or("", |authority| authority.as_str())
}

fn http2(offered: Option<bool>) -> Check {
    match offered {
        Some(true) => Check::ok(HTTP2, "it is offered: any number of tabs"),
        Some(false) => {
            Check::warn(HTTP2, format!("it is not offered; {SIX}")).hint("nginx: listen 443 ssl http2;")
        }
        None => Check::warn(HTTP2, format!("browsers speak it over TLS only; {SIX}"))
            .hint("serve it as https:// with HTTP/2"),
    }
}

fn unreachable(asked: &Asked<'_>, error: &Unanswered) -> Check {
    let check = Check::fail(CONNECT, format!("{}: {error}", authority(asked.url)));
    check.hint(match error {
        Unanswered::Connect(_) => "see that the name is right, and that the proxy listens there",
        Unanswered::Tls(_) => {
            "see its certificate; one of your own authority: SSL_CERT_FILE=ca.pem ssectl doctor …"
        }
        Unanswered::Http(_) => "see that the port is right; https:// for TLS",
        Unanswered::Late(_) => {
            "see that the proxy reaches ssectld, and holds nothing back: nginx: proxy_buffering off;"
        }
    })
}

/// Returns the URL with a request id, and that one if it is good.
fn with_request_id(url: &Uri) -> (Uri, Option<RequestId>) {
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let given =
        url.query().and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("request_id=")));
    if let Some(given) = given {
        let plain = given.replace('+', " ");
        let id = percent_decode_str(&plain).decode_utf8().ok().and_then(|id| id.parse().ok());
        return (url.clone(), id);
    }
    let id = format!("doctor-{}", uuid::Uuid::new_v4().simple());
    let sign = if url.query().is_some() { '&' } else { '?' };
    let mut parts = url.clone().into_parts();
    parts.path_and_query = format!("{path}{sign}request_id={id}").parse().ok();
    (Uri::from_parts(parts).unwrap_or_else(|_| url.clone()), id.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gets_a_request_id_unless_it_has_one() {
        let with = |url: &str| with_request_id(&url.parse().expect("a URL"));
        for (url, begins) in [
            ("http://a/s", "http://a/s?request_id=doctor-"),
            ("https://a:8443/s?x=1", "https://a:8443/s?x=1&request_id=doctor-"),
            ("http://[::1]", "http://[::1]/?request_id=doctor-"),
        ] {
            let (target, id) = with(url);
            let id = id.expect("a good one");
            assert!(target.to_string().starts_with(begins), "{target}");
            assert!(target.to_string().ends_with(id.as_str()), "{target}");
        }
        let (target, id) = with("http://a/s?request_id=a%20b&x=1");
        assert_eq!(target.to_string(), "http://a/s?request_id=a%20b&x=1");
        assert_eq!(id.map(|id| id.as_str().to_owned()).as_deref(), None, "a space is none");
        assert_eq!(with("http://a/s?request_id=k%C3%A4").1.expect("good").as_str(), "kä");
    }
}
