//! Which pages of other origins may read streams.

use crate::noted::Noted;

/// The origins that `stream.cors_origins` allows.
#[derive(Debug, Default)]
pub(super) struct Origins {
    allowed: Vec<String>,
    refused: Noted,
}

/// What an origin may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    /// The page is of this very server, or it is no page.
    SameOrigin,
    /// It may read; its browser must be told so.
    Allowed(String),
    /// Pages of every origin may read.
    Anyone,
    /// It may not.
    Refused,
}

impl Origins {
    /// Returns the origins, exactly as browsers write them.
    pub(super) fn new(allowed: &[String]) -> Self {
        Self { allowed: allowed.to_vec(), refused: Noted::default() }
    }

    /// Judges a page's origin, and logs the first refusal of each.
    pub(super) fn judge(&self, origin: Option<&str>, host: &str) -> Permission {
        let Some(origin) = origin else { return Permission::SameOrigin };
        if self.allowed.iter().any(|allowed| allowed == origin) {
            return Permission::Allowed(origin.to_owned());
        }
        let own = origin.split_once("://").is_some_and(|(_, theirs)| theirs.eq_ignore_ascii_case(host));
        if own {
            return Permission::SameOrigin;
        }
        if self.refused.is_new(origin) {
            tracing::warn!(
                "refused a stream to a page of another origin; to allow it, put cors_origins = [{origin:?}] \
                 under [stream]"
            );
        }
        Permission::Refused
    }
}

/// For [`crate::fuzzing`]: nobody who is not listed may read under another origin.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn fuzz(origin: Option<&str>, host: &str) {
    let judged = Origins::new(&["https://app.example".to_owned()]).judge(origin, host);
    let listed = origin == Some("https://app.example");
    assert_eq!(matches!(judged, Permission::Allowed(_)), listed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_origins_and_our_own_may_read() {
        let origins = Origins::new(&["https://app.example".to_owned()]);
        let judge = |origin| origins.judge(origin, "sse.example:8090");
        assert_eq!(judge(None), Permission::SameOrigin);
        assert_eq!(judge(Some("http://sse.example:8090")), Permission::SameOrigin);
        assert_eq!(judge(Some("https://app.example")), Permission::Allowed("https://app.example".to_owned()));
        for other in ["https://app.example.evil", "http://app.example", "null", "", "https://app.example:1"] {
            assert_eq!(judge(Some(other)), Permission::Refused, "{other:?}");
        }
        assert_eq!(Origins::default().judge(Some("http://"), ""), Permission::SameOrigin);
    }
}
