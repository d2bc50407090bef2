//! The HTTP side of the gateway.

use std::{
    collections::HashSet,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use reqwest::{
    Client, Response, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde::Deserialize;

use super::InvalidGateway;
use crate::{config::GatewayConfig, outbound, secret::Secret};

/// Below the 5 s after which Node closes an idle connection, so that it is we who do.
const IDLE: Duration = Duration::from_secs(4);
/// A local gateway answers at once or is not there.
const CONNECT: Duration = Duration::from_secs(2);
/// An answer is a few bytes. A connection with more of it is not worth keeping.
const ANSWER_BYTES: usize = 4096;
/// One that names many tokens is longer.
const BATCH_ANSWER_BYTES: usize = 1 << 20;
/// By this field a gateway says that one request may name many tokens, and how many at most.
pub(crate) const BATCH: &str = "sse-gateway-batch";

/// What the gateway made of a request.
pub(super) enum Outcome {
    /// 2xx: handed over.
    Accepted,
    /// 404: it does not know the token.
    NotFound,
    /// Another status, or the connection broke.
    Failed(String),
    /// It did not answer in time.
    TimedOut,
}

/// What the gateway made of a request for many tokens.
pub(super) enum Together {
    /// 2xx: handed over, except to the first ones, which it does not know, and the second ones, which it knows.
    Accepted(HashSet<String>, HashSet<String>),
    /// It wrote nothing: it does not understand such requests, or not this one.
    Refused,
    /// Another status, or the connection broke.
    Failed(String),
    /// It did not answer in time.
    TimedOut,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Missed {
    unknown: HashSet<String>,
    failed: HashSet<String>,
}

/// The gateway.
pub(super) struct Peer {
    client: Client,
    url: Url,
    secret: Option<HeaderValue>,
    /// The most tokens that one request may name; 0: it did not say that one may name several.
    batch: AtomicUsize,
}

impl Peer {
    pub(super) fn new(config: &GatewayConfig) -> Result<Self, InvalidGateway> {
        let base = outbound::parse(config.url.trim_end_matches('/'))?;
        if base.query().is_some() || base.fragment().is_some() {
            return Err(InvalidGateway::Query);
        }
        if config.timeout.is_zero() {
            return Err(InvalidGateway::Timeout);
        }
        let url = outbound::parse(&format!("{}/internal/send", base.as_str().trim_end_matches('/')))?;
        let client = outbound::client(&url, config.timeout, |builder| {
            builder
                .connect_timeout(config.timeout.min(CONNECT))
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(config.in_flight)
        })?;
        Ok(Self { client, url, secret: secret(&config.secret_file)?, batch: AtomicUsize::new(0) })
    }

    /// Returns how many tokens one request may name, if the gateway's last answer said so.
    pub(super) fn batch(&self) -> Option<usize> {
        Some(self.batch.load(Ordering::Relaxed)).filter(|most| *most > 1)
    }

    async fn exchange(&self, body: String) -> reqwest::Result<Response> {
        let mut request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        if let Some(secret) = &self.secret {
            request = request.header(AUTHORIZATION, secret);
        }
        let response = request.body(body).send().await?;
        let said = response.headers().get(BATCH).and_then(|most| most.to_str().ok()?.parse().ok());
        self.batch.store(said.unwrap_or(0), Ordering::Relaxed);
        Ok(response)
    }

    /// Sends a request for many tokens.
    pub(super) async fn post_together(&self, body: String) -> Together {
        let response = match self.exchange(body).await {
            Ok(response) => response,
            Err(error) if error.is_timeout() => return Together::TimedOut,
            Err(error) => return Together::Failed(outbound::reason(&error)),
        };
        let status = response.status();
        let answer = read(response, BATCH_ANSWER_BYTES).await;
        if status.is_success() {
            let Missed { unknown, failed } = serde_json::from_slice(&answer).unwrap_or_default();
            Together::Accepted(unknown, failed)
        } else if status.is_client_error() {
            Together::Refused
        } else {
            Together::Failed(format!("it answered {status}"))
        }
    }

    /// Sends a request for one token.
    pub(super) async fn post(&self, body: String) -> Outcome {
        let response = match self.exchange(body).await {
            Ok(response) => response,
            Err(error) if error.is_timeout() => return Outcome::TimedOut,
            Err(error) => return Outcome::Failed(outbound::reason(&error)),
        };
        let status = response.status();
        read(response, ANSWER_BYTES).await;
        match status {
            StatusCode::NOT_FOUND => Outcome::NotFound,
            status if status.is_success() => Outcome::Accepted,
            status => Outcome::Failed(format!("it answered {status}")),
        }
    }
}

/// Reads a short answer to its end, so that the connection can be used again. What goes wrong in it changes
/// nothing: the status has been given.
async fn read(mut response: Response, most: usize) -> Vec<u8> {
    let mut read = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        read.extend_from_slice(&chunk);
        if read.len() > most {
            break;
        }
    }
    read
}

/// Reads the secret that the gateway asks for; an empty path names none.
fn secret(path: &Path) -> Result<Option<HeaderValue>, InvalidGateway> {
    let refuse = |why: &dyn std::fmt::Display| InvalidGateway::Secret(why.to_string());
    let secret = Secret::read("gateway.secret_file", path).map_err(|error| refuse(&error))?;
    let Some(secret) = secret else { return Ok(None) };
    let value = HeaderValue::from_bytes(&[b"Bearer ", secret.to_send()].concat());
    let mut value = value.map_err(|error| refuse(&error))?;
    value.set_sensitive(true);
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<String, InvalidGateway> {
        let config = GatewayConfig { url: text.to_owned(), ..GatewayConfig::default() };
        Peer::new(&config).map(|peer| peer.url.to_string())
    }

    #[test]
    fn the_path_is_added_to_the_url() {
        for (given, asked) in [
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000/internal/send"),
            ("http://127.0.0.1:3000/", "http://127.0.0.1:3000/internal/send"),
            ("https://gw.example/prefix/", "https://gw.example/prefix/internal/send"),
        ] {
            assert_eq!(url(given).expect(given), asked);
        }
        for bad in ["", "localhost:3000", "http://a/?x=1", "http://a/#b", "http://u@a/"] {
            assert!(url(bad).is_err(), "{bad:?}");
        }
    }
}
