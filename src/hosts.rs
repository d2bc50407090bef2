//! Under which names a listener serves.
//!
//! A page may have its own name resolve to this machine (DNS rebinding): its browser then takes what is here for the
//! page's own. Such a request shows in its `Host`. A listener on loopback serves names of this machine and those of
//! `listen.hosts`; one that is open to a network anyway serves any name, unless `listen.hosts` has some. An address is
//! nobody's to rebind.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use crate::noted::Noted;

/// An entry of `listen.hosts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// `*`
    Any,
    /// `app.example.org`, in lower case.
    Name(String),
    /// `*.example.org`, with the dot: whatever ends so.
    Below(String),
}

/// Why a text is no entry of `listen.hosts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a name as app.example.org, *.example.org or *, without scheme and port")]
pub struct InvalidHost;

impl FromStr for HostPattern {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let text = text.to_ascii_lowercase();
        let is_name = |name: &str| {
            !name.is_empty()
                && !name.starts_with('.')
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        match text.strip_prefix('*') {
            Some("") => Ok(Self::Any),
            Some(below) if below.starts_with('.') && is_name(&below[1..]) => {
                Ok(Self::Below(below.to_owned()))
            }
            None if is_name(&text) => Ok(Self::Name(text)),
            _ => Err(InvalidHost),
        }
    }
}

impl HostPattern {
    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Name(listed) => listed.eq_ignore_ascii_case(name),
            Self::Below(end) => {
                let at = name.len().checked_sub(end.len()).filter(|at| *at > 0);
                at.and_then(|at| name.get(at..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
            }
        }
    }
}

/// The names of one listener.
#[derive(Debug)]
pub struct Hosts {
    bound: SocketAddr,
    listed: Vec<HostPattern>,
    refused: Noted,
}

impl Hosts {
    /// Returns the names of the listener that is bound here, where the settings, which were checked, list these.
    pub fn new(bound: SocketAddr, listed: &[String]) -> Self {
        let listed = listed.iter().filter_map(|text| text.parse().ok()).collect();
        Self { bound, listed, refused: Noted::default() }
    }

    /// Judges the `Host` of a request, and logs the first refusal of each name. Who names none is no browser.
    pub(crate) fn admits(&self, host: &str) -> bool {
        let open = self.listed.is_empty() && !self.bound.ip().is_loopback();
        if host.is_empty() || open {
            return true;
        }
        let Some(name) = name(host) else { return false };
        let admitted = self.is_ours(name) || self.listed.iter().any(|listed| listed.matches(name));
        if !admitted && self.refused.is_new(name) {
            tracing::warn!(
                "refused a request to {} under the name {name:?}; if a proxy passes that name on, put hosts = \
                 [{name:?}] under [listen]",
                self.bound
            );
        }
        admitted
    }

    fn is_ours(&self, name: &str) -> bool {
        let bound = self.bound.ip();
        let is_ours = |address: IpAddr| {
            address.to_canonical().is_loopback() || address == bound || bound.is_unspecified()
        };
        name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(is_ours)
    }
}

/// Returns the name in `name`, `name:port`, `[address]` or `[address]:port`, without a dot at its end.
fn name(host: &str) -> Option<&str> {
    let (name, rest) = match host.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?,
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let port = rest.strip_prefix(':').unwrap_or(rest);
    let whole = port.bytes().all(|b| b.is_ascii_digit()) && (rest.is_empty() || rest.starts_with(':'));
    whole.then(|| name.strip_suffix('.').unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hosts(bound: &str, listed: &[&str]) -> Hosts {
        let listed: Vec<_> = listed.iter().map(|text| (*text).to_owned()).collect();
        Hosts::new(bound.parse().expect("an address"), &listed)
    }

    #[test]
    fn loopback_serves_names_of_this_machine_only() {
        let hosts = hosts("127.0.0.1:8090", &[]);
        for ours in
            ["localhost", "LocalHost:8090", "localhost.", "127.0.0.1:1", "127.0.0.2", "[::1]:8090", ""]
        {
            assert!(hosts.admits(ours), "{ours:?}");
        }
        for other in [
            "evil.example",
            "evil.example:8090",
            "localhost.evil.example",
            "10.0.0.1",
            "[::2]",
            "[::1]evil.example",
            "127.0.0.1:80:evil.example",
            "127.0.0.1:8090evil.example",
            "[::1",
            ":",
            "é",
        ] {
            assert!(!hosts.admits(other), "{other:?}");
        }
    }

    #[test]
    fn listed_names_are_served_too() {
        let hosts = hosts("[::1]:8090", &["App.example.org", "*.tenants.example"]);
        for listed in ["app.example.org", "APP.example.org:443", "a.tenants.example", "a.b.tenants.example."]
        {
            assert!(hosts.admits(listed), "{listed:?}");
        }
        for other in
            ["x.app.example.org", "example.org", "tenants.example", ".tenants.example", "atenants.example"]
        {
            assert!(!hosts.admits(other), "{other:?}");
        }
        assert!(self::hosts("127.0.0.1:1", &["*"]).admits("anything"));
    }

    #[test]
    fn an_open_listener_serves_any_name_until_some_are_listed() {
        assert!(hosts("0.0.0.0:8090", &[]).admits("anything.example"));
        assert!(hosts("10.0.0.1:8090", &[]).admits("anything.example"));
        let listed = ["app.example"];
        assert!(!hosts("0.0.0.0:8090", &listed).admits("other.example"));
        assert!(hosts("0.0.0.0:8090", &listed).admits("10.1.2.3:8090"), "all of its addresses are bound");
        let one = hosts("10.0.0.1:8090", &listed);
        assert!(one.admits("10.0.0.1") && one.admits("app.example") && one.admits("localhost"));
        assert!(!one.admits("10.0.0.2"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        assert_eq!("*".parse(), Ok(HostPattern::Any));
        for bad in ["", "https://a", "a:80", "a/b", "*a", "*.", "a.*", ".a", "ä", "[::1]"] {
            assert_eq!(bad.parse::<HostPattern>(), Err(InvalidHost), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn only_what_ends_as_listed_is_served(host in any::<String>()) {
            let hosts = hosts("127.0.0.1:1", &["*.example"]);
            let may = host.is_empty() || host.to_ascii_lowercase().contains(".example")
                || host.to_ascii_lowercase().contains("localhost") || host.contains("127.") || host.contains("[");
            prop_assert!(may || !hosts.admits(&host), "{host:?}");
        }
    }
}
