//! What callers of the internal listener and of a gateway must show, and where they show it.

use std::{net::SocketAddr, sync::Arc};

use axum::http::{HeaderMap, header::AUTHORIZATION};

use crate::{
    config::Config,
    current::Current,
    secret::{Secret, SecretError},
};

/// What callers of the internal listener must show. Clones are one and the same: what is replaced in one is replaced
/// in all.
#[derive(Clone, Debug)]
pub struct Secrets(Arc<Current<Kept>>);

#[derive(Clone, Debug)]
struct Kept {
    callback: Option<Secret>,
    publisher: Option<Secret>,
}

impl Secrets {
    /// Reads the secrets that the settings name.
    pub fn load(config: &Config) -> Result<Self, SecretError> {
        let callback = Secret::read("callback.secret_file", &config.callback.secret_file)?;
        let publisher = Secret::read("publish.token_file", &config.publish.token_file)?;
        let secrets = Self::keep(callback, publisher);
        secrets.guard(config.listen.internal)?;
        Ok(secrets)
    }

    fn keep(callback: Option<Secret>, publisher: Option<Secret>) -> Self {
        Self(Arc::new(Current::new(Kept { callback, publisher })))
    }

    /// Refuses an address that other machines reach when callers need not show anything.
    pub(crate) fn guard(&self, internal: SocketAddr) -> Result<(), SecretError> {
        if self.0.get().callback.is_none() && !internal.ip().is_loopback() {
            return Err(SecretError::Open(internal));
        }
        Ok(())
    }

    /// Holds others from now on.
    pub(crate) fn replace(&self, others: &Self) {
        self.0.replace(Kept::clone(&others.0.get()));
    }

    /// Returns whether a callback may be served: every secret that it shows, by header or in the query, must
    /// be right, and where one is configured it must show one.
    pub(super) fn admit_callback(&self, headers: &HeaderMap, query: Option<&str>) -> bool {
        let in_query = query.and_then(|query| crate::request_url::query_value(query, "secret"));
        self.0.get().callback.as_ref().is_none_or(|secret| secret.is_shown(headers, in_query.as_deref()))
    }

    /// Returns whether there is a door for publishers at all.
    pub(super) fn has_publishers(&self) -> bool {
        self.0.get().publisher.is_some()
    }

    /// Returns whether a publisher may be served.
    pub(super) fn admit_publisher(&self, headers: &HeaderMap) -> bool {
        self.0.get().publisher.as_ref().is_some_and(|secret| secret.is_shown(headers, None))
    }
}

impl Secret {
    /// Returns whether a request shows it: in `Authorization: Bearer`, in the query, or in both alike.
    pub(crate) fn is_shown(&self, headers: &HeaderMap, in_query: Option<&str>) -> bool {
        let in_headers = headers.get_all(AUTHORIZATION).iter().filter_map(|value| bearer(value.as_bytes()));
        let mut any = false;
        let mut all = true;
        for shown in in_headers.chain(in_query.map(str::as_bytes)) {
            any = true;
            all &= self.is(shown);
        }
        any && all
    }
}

/// Returns the credentials of `Bearer`; other schemes are somebody else's.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| rest.trim_ascii())
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use super::*;

    pub(in crate::http) fn secrets(callback: Option<&str>, publisher: Option<&str>) -> Secrets {
        let secret = |text: &str| Secret::of(&[text]);
        Secrets::keep(callback.map(secret), publisher.map(secret))
    }

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, value.parse().expect("a header"))).collect()
    }

    fn config(change: impl FnOnce(&mut Config)) -> Config {
        let mut config = Config::default();
        change(&mut config);
        config
    }

    fn file(content: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(content).expect("written");
        file
    }

    #[test]
    fn cb_9_the_secret_by_header_or_query() {
        let secrets = secrets(Some("s3cret"), None);
        for (shown, query, admitted) in [
            (&[][..], None, false),
            (&[], Some("x=1"), false),
            (&[], Some("secret="), false),
            (&[], Some("secret=wrong"), false),
            (&[], Some("secret=s3cret"), true),
            (&[], Some("x=1&secret=s3%63ret"), true),
            (&[], Some("secret=s3cret&secret=other"), true),
            (&[], Some("secret=other&secret=s3cret"), false),
            (&["Bearer s3cret"], None, true),
            (&["bearer  s3cret"], None, true),
            (&["Bearer s3cre"], None, false),
            (&["Bearer s3crets"], None, false),
            (&["Bearer "], None, false),
            (&["s3cret"], None, false),
            (&["Basic x"], Some("secret=s3cret"), true),
            (&["Bearer s3cret"], Some("secret=s3cret"), true),
            (&["Bearer s3cret"], Some("secret=wrong"), false),
            (&["Bearer wrong"], Some("secret=s3cret"), false),
            (&["Bearer s3cret", "Bearer wrong"], None, false),
        ] {
            assert_eq!(secrets.admit_callback(&headers(shown), query), admitted, "{shown:?} {query:?}");
        }
        assert!(super::tests::secrets(None, None).admit_callback(&headers(&["Bearer any"]), None));
        assert!(!super::tests::secrets(None, None).admit_publisher(&headers(&["Bearer any"])));
    }

    #[test]
    fn what_is_replaced_holds_for_all_who_have_it_and_two_are_accepted() {
        let held = secrets(Some("first"), Some("t0ken"));
        let door = held.clone();
        let two = Secrets::keep(Some(Secret::of(&["second", "first"])), None);
        held.replace(&two);
        for (shown, admitted) in [("Bearer first", true), ("Bearer second", true), ("Bearer third", false)] {
            assert_eq!(door.admit_callback(&headers(&[shown]), None), admitted, "{shown}");
        }
        assert!(!door.admit_publisher(&headers(&["Bearer t0ken"])) && !door.has_publishers());
        assert!(!format!("{door:?}").contains("second"));
    }

    #[test]
    fn bug_c9_not_loopback_only_with_a_secret() {
        let open = |c: &mut Config| c.listen.internal = "0.0.0.0:8091".parse().expect("an address");
        assert!(matches!(Secrets::load(&config(open)), Err(SecretError::Open(_))));
        let good = file(b"s3cret-0123456789");
        let guarded = config(|c| {
            open(c);
            c.callback.secret_file = good.path().to_owned();
        });
        assert!(Secrets::load(&guarded).is_ok());
        let six = config(|c| c.listen.internal = "[::1]:8091".parse().expect("an address"));
        assert!(Secrets::load(&six).is_ok());
    }
}
