//! Secrets: read from files, compared in constant time, never shown.
//!
//! A file has one secret, or two, one a line, while one takes the place of the other: both are accepted, the first
//! is the one that is sent.

use std::{
    fmt, fs, io,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use subtle::{Choice, ConstantTimeEq};

/// The longest secret, in bytes.
const MAX_BYTES: usize = 1024;
/// The shortest.
const MIN_BYTES: usize = 8;
/// At least so many different characters: `aaaaaaaaaaaaaaaa` is no secret.
const MIN_DIFFERENT: usize = 5;
/// What is in the place of a secret until somebody thinks of one.
const PLACEHOLDERS: [&str; 6] =
    ["changeme", "change-me", "change_me", "placeholder", "your-secret", "example"];
/// Secrets at once.
const MAX_SECRETS: usize = 2;

/// Why a listener must not be opened, or a secret not be used.
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
        "{setting} {path:?} must hold a secret of {MIN_BYTES} to {MAX_BYTES} printable ASCII characters without spaces, or two of them, one a line. Write one into it: openssl rand -hex 32"
    )]
    Form {
        /// The setting that names the file.
        setting: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A file's content is what anybody would guess.
    #[error("{setting} {path:?} holds a placeholder, no secret. Write one into it: openssl rand -hex 32")]
    Placeholder {
        /// The setting that names the file.
        setting: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// Everybody on the machine may read or replace it.
    #[error(
        "every user of this machine may read {setting} {path:?}: chmod o= {path:?}, and make a new secret"
    )]
    Exposed {
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

/// A secret, or two. There is no `==` for it and nothing that prints it.
#[derive(Clone)]
pub struct Secret(Vec<Box<[u8]>>);

impl Secret {
    /// Reads the secrets in a file; an empty path names none.
    pub fn read(setting: &'static str, path: &Path) -> Result<Option<Self>, SecretError> {
        if path.as_os_str().is_empty() {
            return Ok(None);
        }
        let path = path.to_owned();
        let read = fs::metadata(&path).and_then(|found| Ok((found.permissions().mode(), fs::read(&path)?)));
        let (mode, text) = match read {
            Ok(read) => read,
            Err(error) => return Err(SecretError::Read { setting, path, error }),
        };
        if mode & 0o007 != 0 {
            return Err(SecretError::Exposed { setting, path });
        }
        let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
        let secrets: Vec<Box<[u8]>> = lines.map(Into::into).collect();
        if secrets.iter().any(|secret| is_placeholder(secret)) {
            return Err(SecretError::Placeholder { setting, path });
        }
        let fits = |secret: &[u8]| {
            (MIN_BYTES..=MAX_BYTES).contains(&secret.len()) && secret.iter().all(u8::is_ascii_graphic)
        };
        if (1..=MAX_SECRETS).contains(&secrets.len()) && secrets.iter().all(|secret| fits(secret)) {
            Ok(Some(Self(secrets)))
        } else {
            Err(SecretError::Form { setting, path })
        }
    }

    /// Returns the one that is sent, for whoever sends it.
    pub(crate) fn to_send(&self) -> &[u8] {
        self.0.first().map_or(&[], |secret| secret)
    }

    /// Returns whether this is one of them. Takes the same time whatever is shown, its length included.
    pub(crate) fn is(&self, shown: &[u8]) -> bool {
        let padded = |bytes: &[u8]| {
            let mut block = [0; MAX_BYTES];
            let kept = bytes.len().min(MAX_BYTES);
            block[..kept].copy_from_slice(&bytes[..kept]);
            block
        };
        let same = |secret: &[u8]| padded(secret).ct_eq(&padded(shown)) & secret.len().ct_eq(&shown.len());
        self.0.iter().fold(Choice::from(0), |any, secret| any | same(secret)).into()
    }

    #[cfg(test)]
    pub(crate) fn of(secrets: &[&str]) -> Self {
        Self(secrets.iter().map(|secret| secret.as_bytes().into()).collect())
    }
}

/// Returns whether this was never meant to be a secret.
fn is_placeholder(secret: &[u8]) -> bool {
    let text = String::from_utf8_lossy(secret).to_ascii_lowercase();
    let mut different = secret.to_vec();
    different.sort_unstable();
    different.dedup();
    let bracketed = text.starts_with('<') && text.ends_with('>');
    let known = PLACEHOLDERS.iter().any(|placeholder| text.contains(placeholder));
    known
        || bracketed
        || ["secret", "password", "token"].contains(&text.as_str())
        || different.len() < MIN_DIFFERENT
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(content: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(content).expect("written");
        file
    }

    fn read(content: &[u8]) -> Result<Option<Secret>, SecretError> {
        Secret::read("callback.secret_file", file(content).path())
    }

    #[test]
    fn a_file_has_one_secret_or_two_of_which_the_first_is_sent() {
        let one = read(b" s3cret-0123456789\n").expect("good").expect("there");
        assert!(one.is(b"s3cret-0123456789") && !one.is(b"s3cret-012345678") && !one.is(b""));
        let two = read(b"new-0123456789abc\r\nold-0123456789abc\n").expect("good").expect("there");
        assert!(
            two.is(b"new-0123456789abc") && two.is(b"old-0123456789abc") && !two.is(b"new-0123456789abd")
        );
        assert_eq!(two.to_send(), b"new-0123456789abc");
    }

    #[test]
    fn what_is_no_secret_is_refused_by_name() {
        let longest = [b"ab01cd23".as_slice(); 128].concat();
        assert!(read(&longest).is_ok());
        let too_long = [&longest[..], b"x"].concat();
        let three: &[u8] = b"first-0123456789\nsecond-0123456789\nthird-0123456789";
        for bad in [&b""[..], b" \n", b"two words 0123456789", b"short-7", &[0xff; 40], &too_long, three] {
            let error = read(bad).expect_err("no secret").to_string();
            assert!(error.starts_with("callback.secret_file \"/"), "{error}");
            assert!(error.contains("openssl rand"), "{error}");
        }
        for guess in [
            &b"changeme"[..],
            b"ChangeMe-0123456789",
            b"secret",
            b"<your secret goes here>",
            b"aaaaaaaaaaaaaaaaaaaa",
            b"my-placeholder-token",
            b"good-0123456789abc\nCHANGE_ME_0123456789",
        ] {
            let error = read(guess).expect_err("a placeholder");
            assert!(matches!(error, SecretError::Placeholder { .. }), "{error}");
        }
    }

    #[test]
    fn a_file_that_everybody_may_read_is_refused_with_what_to_type() {
        for (mode, refused) in [(0o600, false), (0o440, false), (0o644, true), (0o602, true)] {
            let file = file(b"s3cret-0123456789");
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).expect("changed");
            let error = Secret::read("publish.token_file", file.path()).err().map(|error| error.to_string());
            assert_eq!(error.is_some(), refused, "{mode:o}");
            assert!(error.is_none_or(|error| error.contains(&format!("chmod o= {:?}", file.path()))));
        }
    }

    #[test]
    fn bug_c8_a_secret_is_never_printed_and_compared_over_its_whole_length() {
        let secret = Secret::of(&["s3cret"]);
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        let all = "a".repeat(MAX_BYTES);
        let long = Secret::of(&[&all]);
        assert!(long.is(all.as_bytes()) && !long.is(&vec![b'a'; MAX_BYTES + 1]) && !long.is(b""));
        assert!(!Secret::of(&["a"]).is(b"a\0"));
    }
}
