//! Files that are in the program: served with a tag, so that a browser that has one is told so.

use axum::{
    Router,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{
            ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
            IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::{IntoResponse, Response},
    routing::get,
};

/// One file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asset {
    /// Where it is served.
    pub(super) path: &'static str,
    /// Its media type.
    pub(super) content_type: &'static str,
    /// What it says.
    pub(super) body: &'static str,
}

/// Who may use files, and what these may do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// The `Content-Security-Policy`.
    pub(super) policy: &'static str,
    /// Whose pages may load them.
    pub(super) readers: Readers,
}

/// Whose pages may load a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    /// Those of the same origin.
    SameOrigin,
    /// Those of every origin: there is nothing in it but what everyone may know.
    Everyone,
}

/// Returns a router with these files.
pub(super) fn served(router: Router, files: &'static [Asset], terms: Terms) -> Router {
    files.iter().fold(router, |router, file| {
        let answer = move |headers: HeaderMap| std::future::ready(answer(file, terms, &headers));
        router.route(file.path, get(answer))
    })
}

fn answer(file: &Asset, terms: Terms, asked: &HeaderMap) -> Response {
    let tag = format!("\"{:x}-{:08x}\"", file.body.len(), crc32fast::hash(file.body.as_bytes()));
    let known = asked.get_all(IF_NONE_MATCH).iter().filter_map(|field| field.to_str().ok());
    let is_known = known
        .flat_map(|field| field.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag);
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, file.content_type)], file.body).into_response()
    };
    let fields = [
        (CONTENT_SECURITY_POLICY, terms.policy),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // To be asked for each time: the files of one version belong together.
        (CACHE_CONTROL, "no-cache"),
    ];
    let fields = fields.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(fields);
    if terms.readers == Readers::Everyone {
        let name = HeaderName::from_static("cross-origin-resource-policy");
        response.headers_mut().insert(name, HeaderValue::from_static("cross-origin"));
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    response.headers_mut().insert(ETAG, tag.parse().expect("a valid value"));
    response
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use tower::ServiceExt;

    use super::*;

    const FILES: [Asset; 1] = [Asset { path: "/a.js", content_type: "text/javascript", body: "1" }];

    async fn ask(known: &[&str]) -> Response {
        let mut request = Request::get("/a.js");
        for tag in known {
            request = request.header(IF_NONE_MATCH, *tag);
        }
        let terms = Terms { policy: "default-src 'none'", readers: Readers::Everyone };
        let request = request.body(Body::empty()).expect("a request");
        served(Router::new(), &FILES, terms).oneshot(request).await.expect("an answer")
    }

    #[tokio::test]
    async fn who_has_a_file_is_told_so() {
        let first = ask(&[]).await;
        assert_eq!(first.status(), StatusCode::OK);
        let tag = first.headers()[ETAG].to_str().expect("text").to_owned();
        for known in [&[tag.as_str()][..], &["\"x\"", &tag], &[&format!("\"x\", W/{tag}")], &["*"]] {
            let again = ask(known).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known:?}");
            assert!(!again.headers().contains_key(CONTENT_TYPE));
            for field in [ETAG, CACHE_CONTROL, CONTENT_SECURITY_POLICY, ACCESS_CONTROL_ALLOW_ORIGIN] {
                assert_eq!(again.headers()[&field], first.headers()[&field]);
            }
        }
        assert_eq!(ask(&["\"x\"", "y", "W/"]).await.status(), StatusCode::OK);
    }
}
