//! The HTTP side of the gateway.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode, Url, header::CONTENT_TYPE};

use super::InvalidGateway;
use crate::{config::GatewayConfig, outbound};

/// Below the 5 s after which Node closes an idle connection, so that it is we who do.
const IDLE: Duration = Duration::from_secs(4);
/// A local gateway answers at once or is not there.
const CONNECT: Duration = Duration::from_secs(2);
/// An answer is a few bytes. A connection with more of it is not worth keeping.
const ANSWER_BYTES: usize = 4096;

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

/// The gateway.
pub(super) struct Peer {
    client: Client,
    url: Url,
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
        Ok(Self { client, url })
    }

    pub(super) async fn post(&self, body: String) -> Outcome {
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").body(body);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_timeout() => return Outcome::TimedOut,
            Err(error) => return Outcome::Failed(outbound::reason(&error)),
        };
        let status = response.status();
        discard(response).await;
        match status {
            StatusCode::NOT_FOUND => Outcome::NotFound,
            status if status.is_success() => Outcome::Accepted,
            status => Outcome::Failed(format!("it answered {status}")),
        }
    }
}

/// Reads a short answer to its end, so that the connection can be used again. What goes wrong in it changes
/// nothing: the status has been given.
async fn discard(mut response: Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > ANSWER_BYTES {
            return;
        }
    }
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
