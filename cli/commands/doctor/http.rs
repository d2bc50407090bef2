//! One `GET` on a connection of its own, over TCP or TLS: no proxy of this machine, no redirects, nothing unpacked, so
//! that what arrives, and when, is what was sent.

use std::{io, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{
    HeaderMap, Request, Response, StatusCode, Uri,
    body::Incoming,
    client::conn::http1,
    header::{HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, crypto::ring, pki_types::ServerName};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// The name of HTTP/2 in the handshake of TLS, and
const H2: &[u8] = b"h2";
/// that of HTTP/1.1.
const H1: &[u8] = b"http/1.1";

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    #[error("cannot connect: {0}")]
    Connect(io::Error),
    #[error("TLS fails: {0}")]
    Tls(io::Error),
    #[error("it does not speak HTTP/1.1: {0}")]
    Http(hyper::Error),
    #[error("no answer within {0:?}")]
    Late(Duration),
}

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

type Connection = http1::Connection<TokioIo<Box<dyn Io>>, Empty<Bytes>>;

/// The head of an answer, with its body on the way.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    body: Incoming,
    connection: Option<Pin<Box<Connection>>>,
}

/// What came of waiting for more of a body.
#[derive(Debug)]
pub(super) enum More {
    Bytes(Bytes),
    Nothing,
    End,
}

/// Sends a request and waits for the head of the answer.
pub(super) async fn get(uri: &Uri, headers: HeaderMap, limit: Duration) -> Result<Answer, Unanswered> {
    timeout(limit, exchange(uri, headers)).await.unwrap_or(Err(Unanswered::Late(limit)))
}

async fn exchange(uri: &Uri, headers: HeaderMap) -> Result<Answer, Unanswered> {
    let tcp = connect(uri).await?;
    let io: Box<dyn Io> = match is_tls(uri) {
        true => Box::new(secured(uri, tcp, &[H1]).await?),
        false => Box::new(tcp),
    };
    let (mut sender, connection) = http1::handshake(TokioIo::new(io)).await.map_err(Unanswered::Http)?;
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = uri.path_and_query().map_or_else(Uri::default, |path| Uri::from(path.clone()));
    *request.headers_mut() = headers;
    if let Some(host) = uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok()) {
        request.headers_mut().insert(HOST, host);
    }
    let mut connection = Some(Box::pin(connection));
    let answer = driven(&mut connection, sender.send_request(request)).await;
    let (head, body) = answer.map(Response::into_parts).map_err(Unanswered::Http)?;
    Ok(Answer { status: head.status, headers: head.headers, body, connection })
}

/// Returns whether the server would speak HTTP/2 with a browser; none where there is no TLS, and so no browser that
/// would.
pub(super) async fn offers_http2(uri: &Uri, limit: Duration) -> Result<Option<bool>, Unanswered> {
    if !is_tls(uri) {
        return Ok(None);
    }
    let asking = async {
        let stream = secured(uri, connect(uri).await?, &[H2, H1]).await?;
        Ok(Some(stream.get_ref().1.alpn_protocol() == Some(H2)))
    };
    timeout(limit, asking).await.unwrap_or(Err(Unanswered::Late(limit)))
}

fn is_tls(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https")
}

fn host(uri: &Uri) -> &str {
    uri.host().unwrap_or_default().trim_matches(['[', ']'])
}

async fn connect(uri: &Uri) -> Result<TcpStream, Unanswered> {
    let port = uri.port_u16().unwrap_or(if is_tls(uri) { 443 } else { 80 });
    let stream = TcpStream::connect((host(uri), port)).await.map_err(Unanswered::Connect)?;
    // It only saves time.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

async fn secured(uri: &Uri, tcp: TcpStream, protocols: &[&[u8]]) -> Result<TlsStream<TcpStream>, Unanswered> {
    let failed = |error| Unanswered::Tls(io::Error::other(error));
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(failed)?
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let name = ServerName::try_from(host(uri).to_owned())
        .map_err(|error| Unanswered::Tls(io::Error::other(error)))?;
    TlsConnector::from(Arc::new(config)).connect(name, tcp).await.map_err(Unanswered::Tls)
}

impl Answer {
    /// Waits for more of the body until then.
    pub(super) async fn more(&mut self, until: Instant) -> More {
        loop {
            let frame = timeout_at(until, driven(&mut self.connection, self.body.frame())).await;
            match frame {
                Err(_) => return More::Nothing,
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(bytes) => return More::Bytes(bytes),
                    // What trails a body says nothing to a browser.
                    Err(_) => continue,
                },
                Ok(None | Some(Err(_))) => return More::End,
            }
        }
    }
}

/// Completes `work` while the connection that it depends on is driven.
async fn driven<T>(connection: &mut Option<Pin<Box<Connection>>>, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    if let Some(running) = connection {
        tokio::select! {
            biased;
            done = &mut work => return done,
            // Its error, if any, reaches `work` too.
            _ = running.as_mut() => {}
        }
        *connection = None;
    }
    work.await
}
