//! Which pages of other origins may read streams.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

/// Refused origins that are remembered, so that each is logged once.
const REMEMBERED: usize = 100;

/// The origins that `stream.cors_origins` allows.
#[derive(Debug, Default)]
pub(super) struct Origins {
    allowed: Vec<String>,
    refused: Mutex<HashSet<String>>,
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
        Self { allowed: allowed.to_vec(), refused: Mutex::default() }
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
        self.log_once(origin);
        Permission::Refused
    }

    fn log_once(&self, origin: &str) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if origin.len() <= 256 && refused.len() < REMEMBERED && refused.insert(origin.to_owned()) {
            drop(refused);
            tracing::warn!(
                "refused a stream to a page of another origin; to allow it, put cors_origins = [{origin:?}] \
                 under [stream]"
            );
        }
    }
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

    #[test]
    fn remembers_a_bounded_number_of_refused_origins() {
        let origins = Origins::default();
        for number in 0..2 * REMEMBERED {
            assert_eq!(origins.judge(Some(&format!("http://{number}")), "h"), Permission::Refused);
        }
        assert_eq!(origins.refused.lock().expect("not poisoned").len(), REMEMBERED);
    }
}
