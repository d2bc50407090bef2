//! The secrets of the internal listener: read from files, compared in constant time, never shown.

use std::{
    fmt, fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::http::{HeaderMap, header::AUTHORIZATION};
use subtle::ConstantTimeEq;

use crate::{config::Config, current::Current};

/// The longest secret, in bytes.
const MAX_BYTES: usize = 1024;

/// Why the internal listener must not be opened.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// A file cannot be read.
    #[error(
        "cannot read {setting} {path:?}: {error}. Write a secret into it (openssl rand -hex 32 makes one) that this user may read"
    )]
    Read {
        /// The setting that names the file.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
    /// A file's content is no secret.
    #[error(
        "{setting} {path:?} must hold 1 to {MAX_BYTES} printable ASCII characters without spaces. Write a secret into it: openssl rand -hex 32 makes one"
    )]
    Form {
        /// The setting that names the file.
        setting: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// Whoever reaches the listener could connect and disconnect anybody.
    #[error(
        "the internal listener is at {0}, which is not loopback, and there is no secret. Set callback.secret_file, or listen on 127.0.0.1"
    )]
    Open(SocketAddr),
}

/// What callers of the internal listener must show: whoever holds it sees what it was replaced by.
#[derive(Clone, Debug)]
pub struct Secrets(Arc<Current<Held>>);

#[derive(Clone, Debug)]
struct Held {
    callback: Option<Secret>,
    publisher: Option<Secret>,
}

impl Secrets {
    /// Reads the secrets that the settings name.
    pub fn load(config: &Config) -> Result<Self, SecretError> {
        let callback = Secret::read("callback.secret_file", &config.callback.secret_file)?;
        let publisher = Secret::read("publish.token_file", &config.publish.token_file)?;
        let secrets = Self(Arc::new(Current::new(Held { callback, publisher })));
        secrets.guard(config.listen.internal)?;
        Ok(secrets)
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
        self.0.replace(Held::clone(&others.0.get()));
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

/// One secret. There is no `==` for it and nothing that prints it.
#[derive(Clone)]
pub(crate) struct Secret(Box<[u8]>);

impl Secret {
    /// Reads the secret in a file; an empty path names none.
    pub(crate) fn read(setting: &'static str, path: &Path) -> Result<Option<Self>, SecretError> {
        if path.as_os_str().is_empty() {
            return Ok(None);
        }
        let path = path.to_owned();
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) => return Err(SecretError::Read { setting, path, error }),
        };
        let text = text.trim_ascii();
        let fits = (1..=MAX_BYTES).contains(&text.len());
        if fits && text.iter().all(u8::is_ascii_graphic) {
            Ok(Some(Self(text.into())))
        } else {
            Err(SecretError::Form { setting, path })
        }
    }

    /// Returns whether a request shows it: in `Authorization: Bearer`, in the query, or in both alike.
    pub(crate) fn is_shown(&self, headers: &HeaderMap, in_query: Option<&str>) -> bool {
        let in_headers = headers.get_all(AUTHORIZATION).iter().filter_map(|value| bearer(value.as_bytes()));
        let mut any = false;
        let mut all = true;
        for shown in in_headers.chain(in_query.map(str::as_bytes)) {
            any = true;
            all &= self.equals(shown);
        }
        any && all
    }

    /// Takes the same time whatever is shown, its length included.
    fn equals(&self, shown: &[u8]) -> bool {
        let padded = |bytes: &[u8]| {
            let mut block = [0; MAX_BYTES];
            let kept = bytes.len().min(MAX_BYTES);
            block[..kept].copy_from_slice(&bytes[..kept]);
            block
        };
        let same_bytes = padded(&self.0).ct_eq(&padded(shown));
        (same_bytes & self.0.len().ct_eq(&shown.len())).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
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
        let secret = |text: &str| Secret(text.as_bytes().into());
        Secrets(Arc::new(Current::new(Held {
            callback: callback.map(secret),
            publisher: publisher.map(secret),
        })))
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
    fn bug_c8_a_secret_is_never_printed_and_compared_over_its_whole_length() {
        let secrets = secrets(Some("s3cret"), Some("t0ken"));
        assert!(!format!("{secrets:?}").contains("s3cret"));
        let long = Secret(vec![b'a'; MAX_BYTES].into());
        assert!(long.equals(&vec![b'a'; MAX_BYTES]));
        assert!(!long.equals(&vec![b'a'; MAX_BYTES + 1]));
        assert!(!long.equals(b""));
        assert!(!Secret(b"a".as_slice().into()).equals(b"a\0"));
    }

    #[test]
    fn files_are_trimmed_and_must_hold_a_secret() {
        let good = file(b" s3cret\n");
        let loaded =
            Secrets::load(&config(|c| c.callback.secret_file = good.path().to_owned())).expect("loads");
        assert!(loaded.admit_callback(&headers(&["Bearer s3cret"]), None));
        for bad in [&b""[..], b" \n", b"two words", b"two\nlines", &[0xff; 40], &[b'a'; MAX_BYTES + 1]] {
            let bad = file(bad);
            let error = Secrets::load(&config(|c| c.publish.token_file = bad.path().to_owned()))
                .expect_err("not a secret")
                .to_string();
            assert!(error.contains("publish.token_file"), "{error}");
            assert!(error.contains(&bad.path().display().to_string()), "{error}");
        }
        let missing = config(|c| c.callback.secret_file = "/nonexistent/secret".into());
        assert!(matches!(Secrets::load(&missing), Err(SecretError::Read { .. })));
    }

    #[test]
    fn bug_c9_not_loopback_only_with_a_secret() {
        let open = |c: &mut Config| c.listen.internal = "0.0.0.0:8091".parse().expect("an address");
        assert!(matches!(Secrets::load(&config(open)), Err(SecretError::Open(_))));
        let good = file(b"s3cret");
        let guarded = config(|c| {
            open(c);
            c.callback.secret_file = good.path().to_owned();
        });
        assert!(Secrets::load(&guarded).is_ok());
        let six = config(|c| c.listen.internal = "[::1]:8091".parse().expect("an address"));
        assert!(Secrets::load(&six).is_ok());
    }
}
