//! What may be let in at once: whose stream it is, how many that address holds, how fast new ones come.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

use super::refusal::Refusal;
use crate::{config::StreamConfig, network::Network};

/// Of an IPv6 address so many bits count: whoever has one has all that begin with them.
const IPV6_BITS: u8 = 64;

/// The bounds of `stream.per_ip` and `stream.accept_rate`, and the proxies of `stream.trusted_proxies`.
#[derive(Debug)]
pub(crate) struct Gate {
    proxies: Vec<Network>,
    crowd: Option<Arc<Crowd>>,
    rate: Option<Mutex<Bucket>>,
}

impl Gate {
    /// Returns a gate as the settings, which were checked, have it.
    pub(crate) fn new(config: &StreamConfig) -> Self {
        let crowd =
            (config.per_ip > 0).then(|| Arc::new(Crowd { most: config.per_ip, open: Mutex::default() }));
        let rate = (config.accept_rate > 0).then(|| Mutex::new(Bucket::full(config.accept_rate)));
        let proxies = config.trusted_proxies.iter().filter_map(|proxy| proxy.parse().ok()).collect();
        Self { proxies, crowd, rate }
    }

    /// Returns a gate as other settings have it, but for `stream.per_ip`: who is inside is known to this one.
    pub(crate) fn renewed(&self, config: &StreamConfig) -> Self {
        Self { crowd: self.crowd.clone(), ..Self::new(config) }
    }

    /// Returns the address that a request is from: the peer's, or, as far as trusted proxies vouch for it, what
    /// `X-Forwarded-For` says, read from its right end.
    pub(crate) fn address(&self, peer: IpAddr, forwarded: &[String]) -> IpAddr {
        let mut address = peer.to_canonical();
        let mut hops = forwarded.iter().rev().flat_map(|field| field.rsplit(','));
        while self.proxies.iter().any(|proxy| proxy.contains(address)) {
            // What cannot be read vouches for nothing beyond it.
            let Some(hop) = hops.next().and_then(hop) else { break };
            address = hop.to_canonical();
        }
        address
    }

    /// Lets one more stream of this address in, if it may come now.
    pub(crate) fn pass(&self, address: IpAddr) -> Result<Option<Place>, Refusal> {
        let place = match &self.crowd {
            Some(crowd) => Some(Crowd::enter(crowd, address).ok_or(Refusal::PerIp)?),
            None => None,
        };
        match &self.rate {
            Some(bucket) if !lock(bucket).take(Instant::now()) => Err(Refusal::Rate),
            _ => Ok(place),
        }
    }
}

/// Returns the address that a proxy has noted, perhaps with a port.
fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    if let Some(bracketed) = text.strip_prefix('[') {
        return bracketed.split_once(']')?.0.parse().ok();
    }
    text.parse().ok().or_else(|| text.rsplit_once(':')?.0.parse::<std::net::Ipv4Addr>().ok().map(IpAddr::V4))
}

/// The open streams of each address.
#[derive(Debug)]
struct Crowd {
    most: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// An address's place for one stream, free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    crowd: Arc<Crowd>,
    address: IpAddr,
}

impl Crowd {
    fn enter(crowd: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let bits = if address.is_ipv4() { 32 } else { IPV6_BITS };
        let address = Network::around(address, bits).base();
        let mut open = lock(&crowd.open);
        let count = open.entry(address).or_insert(0);
        if *count >= crowd.most {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Place { crowd: Arc::clone(crowd), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = lock(&self.crowd.open);
        match open.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                open.remove(&self.address);
            }
        }
        // What a storm needed is given back.
        if open.is_empty() {
            open.shrink_to_fit();
        }
    }
}

/// A token bucket that holds what flows into it in a second.
#[derive(Debug)]
struct Bucket {
    rate: f64,
    held: f64,
    at: Instant,
}

impl Bucket {
    fn full(rate: usize) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "no machine takes 2^52 streams a second")]
        let rate = rate as f64;
        Self { rate, held: rate, at: Instant::now() }
    }

    fn take(&mut self, now: Instant) -> bool {
        let flowed = now.saturating_duration_since(self.at).as_secs_f64() * self.rate;
        (self.held, self.at) = ((self.held + flowed).min(self.rate), now);
        let takes = self.held >= 1.0;
        if takes {
            self.held -= 1.0;
        }
        takes
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// For [`crate::fuzzing`]: who is not behind a proxy is who it is.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn fuzz(forwarded: &[String]) {
    let mut config =
        StreamConfig { trusted_proxies: vec!["127.0.0.0/8".to_owned()], ..StreamConfig::default() };
    let (peer, proxy) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([127, 0, 0, 1]));
    let _ = Gate::new(&config).address(proxy, forwarded);
    config.trusted_proxies.clear();
    assert_eq!(Gate::new(&config).address(peer, forwarded), peer);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn gate(change: impl FnOnce(&mut StreamConfig)) -> Gate {
        let mut config = StreamConfig::default();
        change(&mut config);
        Gate::new(&config)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn the_rightmost_untrusted_hop_is_who_asks() {
        let gate = gate(|config| {
            config.trusted_proxies = ["127.0.0.0/8", "10.0.0.0/8", "fd00::/8"].map(str::to_owned).to_vec();
        });
        for (peer, forwarded, address) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:127.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
            ("127.0.0.1", &["1.1.1.1, 198.51.100.1 , 10.0.0.3"], "198.51.100.1"),
            ("127.0.0.1", &["1.1.1.1", "198.51.100.1,fd00::1"], "198.51.100.1"),
            ("127.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("127.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("127.0.0.1", &["2001:db8::1"], "2001:db8::1"),
            ("127.0.0.1", &["10.0.0.1, 10.0.0.2"], "10.0.0.1"),
            ("127.0.0.1", &["1.1.1.1, unknown, 10.0.0.2"], "10.0.0.2"),
            ("127.0.0.1", &["1.1.1.1, "], "127.0.0.1"),
            ("127.0.0.1", &[""], "127.0.0.1"),
        ] {
            let forwarded: Vec<_> = forwarded.iter().map(|&field| field.to_owned()).collect();
            assert_eq!(gate.address(ip(peer), &forwarded), ip(address), "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn an_address_has_so_many_places_and_an_ipv6_network_counts_as_one() {
        let gate = gate(|config| config.per_ip = 2);
        let pass = |address| gate.pass(ip(address)).map(|place| place.expect("counted"));
        let first = pass("10.0.0.1").expect("a place");
        let _second = pass("10.0.0.1").expect("a place");
        assert_eq!(pass("10.0.0.1").expect_err("full"), Refusal::PerIp);
        let _other = pass("10.0.0.2").expect("a place");
        drop(first);
        let _again = pass("10.0.0.1").expect("a place");
        let six = [pass("2001:db8::1").expect("a place"), pass("2001:db8::2").expect("a place")];
        assert_eq!(pass("2001:db8::3").expect_err("full"), Refusal::PerIp);
        drop((six, pass("2001:db8:0:1::1").expect("a place")));
        assert_eq!(lock(&gate.crowd.as_ref().expect("bounded").open).len(), 2, "nobody gone is remembered");
    }

    #[tokio::test(start_paused = true)]
    async fn new_streams_come_no_faster_than_they_may() {
        let gate = gate(|config| config.accept_rate = 10);
        let let_in = || (0..100).filter(|_| gate.pass(ip("10.0.0.1")).is_ok()).count();
        assert_eq!(let_in(), 10, "a second's worth at once");
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(let_in(), 5);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(let_in(), 10, "never more than a second's worth");
    }

    #[test]
    fn without_bounds_everyone_passes() {
        let gate = gate(|_| {});
        assert!((0..10_000).all(|_| gate.pass(ip("10.0.0.1")).is_ok_and(|place| place.is_none())));
    }
}
