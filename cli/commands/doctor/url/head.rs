//! What the head of the answer says.

use hyper::{
    HeaderMap, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_ORIGIN, AGE, AsHeaderName, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE,
        HeaderValue, LOCATION, SERVER,
    },
};

use super::super::{check::Check, http::Answer};

pub(super) const COMPRESSION: &str = "url_compression";
/// All checks of this part; the first two say whether there is a stream at all.
pub(super) const IDS: [&str; 5] = ["url_status", "url_content_type", COMPRESSION, "url_cache", "url_cors"];

/// Looks at the head of a stream.
pub(super) fn checks(answer: &Answer, origin: Option<&HeaderValue>) -> Vec<Check> {
    let headers = &answer.headers;
    vec![
        status(IDS[0], answer.status, headers),
        content_type(IDS[1], headers),
        compression(headers),
        cache(IDS[3], headers),
        cors(IDS[4], headers, origin),
    ]
}

/// Returns whether the body comes as it is.
pub(super) fn is_plain(headers: &HeaderMap) -> bool {
    matches!(text(headers, CONTENT_ENCODING).as_str(), "" | "identity")
}

fn text(headers: &HeaderMap, name: impl AsHeaderName) -> String {
    let values =
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    values.collect::<Vec<_>>().join(", ")
}

fn status(id: &'static str, status: StatusCode, headers: &HeaderMap) -> Check {
    let server = text(headers, SERVER);
    let by = if server.is_empty() { server } else { format!(", says {server}") };
    let told = format!("{status}{by}");
    let hint = match status.as_u16() {
        200 => return Check::ok(id, told),
        204 => "204 tells browsers to stay away: the request id is refused or blocked",
        301..=308 => {
            let to = text(headers, LOCATION);
            return Check::fail(id, format!("{told}: it leads to {to}")).hint("name that address with --url");
        }
        401 | 403 => {
            "whoever decides lets this request in only with more: -H 'Cookie: …'; browsers give up at this"
        }
        404 => "see the path: the proxy must pass /api/sse/stream on to listen.public of ssectld",
        400 | 405 => "see that the proxy passes the method and the query on as they are",
        502..=504 => "the proxy does not reach ssectld: see its upstream, and listen.public in ssectl status",
        _ => "browsers give up at this: see the logs of the proxy, and of ssectld",
    };
    Check::fail(id, told).hint(hint)
}

fn content_type(id: &'static str, headers: &HeaderMap) -> Check {
    let found = text(headers, CONTENT_TYPE);
    let essence = found.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("text/event-stream") {
        return Check::ok(id, found);
    }
    let told = if found.is_empty() { "there is none".to_owned() } else { found };
    Check::fail(id, format!("{told}; browsers want text/event-stream"))
        .hint("see which server answers at this path: the proxy must pass it on to listen.public of ssectld")
}

fn compression(headers: &HeaderMap) -> Check {
    if is_plain(headers) {
        return Check::ok(COMPRESSION, "none");
    }
    let found = text(headers, CONTENT_ENCODING);
    Check::fail(COMPRESSION, format!("{found}: what compresses holds events back until there are many"))
        .hint("leave text/event-stream out: nginx: gzip off; in this location")
}

fn cache(id: &'static str, headers: &HeaderMap) -> Check {
    let control = text(headers, CACHE_CONTROL).to_ascii_lowercase();
    let told = if control.is_empty() { "there is no Cache-Control".to_owned() } else { control.clone() };
    let hint = "pass the Cache-Control of ssectld on, and cache nothing at this path";
    if headers.contains_key(AGE) {
        Check::fail(id, format!("{told}; Age: {}: a cache answers", text(headers, AGE))).hint(hint)
    } else if ["no-cache", "no-store"].iter().any(|word| control.contains(word)) {
        Check::ok(id, told)
    } else {
        Check::warn(id, format!("{told}: a cache may answer in the place of ssectld")).hint(hint)
    }
}

fn cors(id: &'static str, headers: &HeaderMap, origin: Option<&HeaderValue>) -> Check {
    let Some(origin) = origin else {
        return Check::skipped(id, "pages of the same origin need nothing")
            .hint("pages of another: --origin https://app.example.org");
    };
    let wanted = String::from_utf8_lossy(origin.as_bytes());
    let allowed: Vec<_> = headers.get_all(ACCESS_CONTROL_ALLOW_ORIGIN).iter().collect();
    match allowed.as_slice() {
        [one] if *one == origin || *one == "*" => Check::ok(id, format!("{wanted} may read it")),
        [] => Check::fail(id, format!("{wanted} may not read it: there is no Access-Control-Allow-Origin"))
            .hint(format!("add {wanted:?} to stream.cors_origins, then: ssectl daemon reload")),
        [one] => {
            let one = String::from_utf8_lossy(one.as_bytes()).into_owned();
            Check::fail(id, format!("{wanted} may not read it, only {one}"))
                .hint(format!("add {wanted:?} to stream.cors_origins, then: ssectl daemon reload"))
        }
        several => Check::fail(
            id,
            format!("Access-Control-Allow-Origin is there {} times, which browsers refuse", several.len()),
        )
        .hint("let one of proxy and ssectld add it, not both"),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::super::check::Verdict, *};

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn each_status_has_what_to_do_next() {
        assert_eq!(status("s", StatusCode::OK, &headers(&[])).result, Verdict::Ok);
        for code in [204, 301, 400, 401, 404, 418, 502] {
            let check =
                status("s", StatusCode::from_u16(code).expect("a code"), &headers(&[("location", "/x")]));
            assert_eq!(check.result, Verdict::Fail, "{code}");
            assert!(check.hint.is_some() && check.message.contains(&code.to_string()), "{check:?}");
        }
    }

    #[test]
    fn fields_are_read_as_browsers_and_caches_do() {
        let types = |value| content_type("t", &headers(&[("content-type", value)])).result;
        assert_eq!(types("Text/Event-Stream; charset=utf-8"), Verdict::Ok);
        assert_eq!(types("text/html"), Verdict::Fail);
        assert_eq!(content_type("t", &headers(&[])).result, Verdict::Fail);
        assert_eq!(compression(&headers(&[("content-encoding", "br")])).result, Verdict::Fail);
        assert_eq!(compression(&headers(&[])).result, Verdict::Ok);
        let caches = |fields: &[_]| cache("c", &headers(fields)).result;
        assert_eq!(caches(&[("cache-control", "no-cache, no-transform")]), Verdict::Ok);
        assert_eq!(caches(&[("cache-control", "max-age=60")]), Verdict::Warn);
        assert_eq!(caches(&[("cache-control", "no-cache"), ("age", "3")]), Verdict::Fail);
    }

    #[test]
    fn an_origin_is_let_in_by_one_field_that_names_it() {
        let origin = HeaderValue::from_static("https://app.example");
        let name = "access-control-allow-origin";
        let result = |fields: &[_]| cors("c", &headers(fields), Some(&origin)).result;
        assert_eq!(result(&[(name, "https://app.example")]), Verdict::Ok);
        assert_eq!(result(&[(name, "*")]), Verdict::Ok);
        assert_eq!(result(&[(name, "https://other.example")]), Verdict::Fail);
        assert_eq!(result(&[]), Verdict::Fail);
        assert_eq!(result(&[(name, "https://app.example"), (name, "*")]), Verdict::Fail);
        assert_eq!(cors("c", &headers(&[]), None).result, Verdict::Skipped);
    }
}
