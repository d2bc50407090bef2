//! What all HTTP requests of the daemon have in common: no proxy, no redirects, explicit limits, and URLs that
//! are safe to log.

use std::time::Duration;

use reqwest::{Client, ClientBuilder, Url, redirect::Policy};

/// Why a URL cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// It is not a URL at all.
    #[error("{0:?} is no URL: write http://host:port/path or https://…")]
    Form(String),
    /// The scheme is something else.
    #[error("{0:?} must begin with http:// or https://")]
    Scheme(String),
    /// It holds a user name or a password, which would end up in logs.
    #[error("a URL here must not hold a user name or a password")]
    Credentials,
    /// The client could not be built, for want of root certificates for example.
    #[error("no HTTP client for this URL: {0}")]
    Client(String),
}

/// Parses the URL of a peer.
pub fn parse(text: &str) -> Result<Url, InvalidUrl> {
    let url = Url::parse(text).map_err(|_| InvalidUrl::Form(text.to_owned()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(InvalidUrl::Scheme(text.to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(InvalidUrl::Credentials);
    }
    Ok(url)
}

/// Chooses what TLS is made of, for whoever speaks it.
pub(crate) fn install_provider() {
    // An error says that there is a provider already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Builds a client for a peer. `limit` is for a whole exchange, connecting included.
pub fn client(
    url: &Url,
    limit: Duration,
    tune: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<Client, InvalidUrl> {
    install_provider();
    let mut builder = Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .tcp_nodelay(true)
        .connect_timeout(limit)
        .timeout(limit);
    if url.scheme() == "http" {
        // No certificates are needed then, and a machine without any must do.
        builder = builder.tls_certs_only([]);
    }
    tune(builder).build().map_err(|error| InvalidUrl::Client(reason(&error)))
}

/// Describes what went wrong, causes included, without the URL: its query may hold a secret.
pub fn reason(error: &reqwest::Error) -> String {
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "cannot connect"
    } else if error.is_builder() {
        "cannot build"
    } else {
        "the exchange broke off"
    };
    let mut root: &dyn std::error::Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    if std::ptr::addr_eq(root, error) { what.to_owned() } else { format!("{what}: {root}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_http_without_credentials() {
        assert!(parse("http://127.0.0.1:3000/x?y=1").is_ok());
        assert!(matches!(parse("127.0.0.1:3000"), Err(InvalidUrl::Form(_) | InvalidUrl::Scheme(_))));
        assert!(matches!(parse("ftp://a/"), Err(InvalidUrl::Scheme(_))));
        assert_eq!(parse("http://u:p@a/"), Err(InvalidUrl::Credentials));
    }

    #[tokio::test]
    async fn a_plain_client_needs_no_certificates_and_errors_show_no_url() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        drop(listener);
        let url = parse(&format!("http://{address}/?secret=hush")).expect("a URL");
        let client = client(&url, Duration::from_secs(5), |builder| builder).expect("a client");
        let error = client.get(url).send().await.expect_err("nobody listens");
        let text = reason(&error);
        assert!(text.starts_with("cannot connect: ") && !text.contains("hush"), "{text}");
    }
}
