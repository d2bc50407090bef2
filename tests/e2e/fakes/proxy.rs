//! What may be between a browser and the daemon, well or badly set up. One request a connection.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

/// The certificate of the authority that vouches for the proxy.
pub const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/fakes/tls/authority.pem");
const CERTIFICATE: &[u8] = include_bytes!("tls/certificate.pem");
const KEY: &[u8] = include_bytes!("tls/key.pem");

/// What the proxy does with streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Passes every byte on at once.
    PassesOn,
    /// Passes the head on, and what comes after it at its end.
    HoldsBack,
    /// Says that it compresses, to whoever takes that.
    Compresses,
    /// Ends a stream that was silent for so long.
    Cuts(Duration),
    /// Gives the browser another request id.
    Renames,
    /// Answers by itself.
    Answers(&'static str),
    /// As the first, over TLS, with HTTP/2 on offer or without.
    Secured(&'static [&'static str]),
}

/// A proxy in front of a daemon.
#[derive(Clone, Copy, Debug)]
pub struct Proxy {
    pub address: SocketAddr,
    manner: Manner,
    daemon: SocketAddr,
}

impl Proxy {
    /// Starts it in front of a daemon's public listener.
    pub async fn before(daemon: SocketAddr, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let proxy = Self { address, manner, daemon };
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(proxy.take(socket));
            }
        });
        proxy
    }

    /// Returns the address of the stream for browsers.
    pub fn stream(&self) -> String {
        let scheme = if matches!(self.manner, Manner::Secured(_)) { "https" } else { "http" };
        format!("{scheme}://{}/api/sse/stream", self.address)
    }

    async fn take(self, socket: TcpStream) {
        match self.manner {
            Manner::Secured(protocols) => {
                // Whoever trusts no certificate of ours leaves here.
                if let Ok(stream) = acceptor(protocols).accept(socket).await {
                    self.relay(stream).await;
                }
            }
            _ => self.relay(socket).await,
        }
    }

    async fn relay(self, mut browser: impl AsyncRead + AsyncWrite + Unpin) {
        let Some((mut request, _)) = head(&mut browser).await else { return };
        if let Manner::Answers(answer) = self.manner {
            let _ = browser.write_all(answer.as_bytes()).await;
            return;
        }
        if self.manner == Manner::Renames {
            request = request.replace("request_id=", "request_id=renamed-");
        }
        let mut daemon = TcpStream::connect(self.daemon).await.expect("the daemon accepts");
        daemon.write_all(request.as_bytes()).await.expect("the daemon reads");
        let Some((mut answer, rest)) = head(&mut daemon).await else { return };
        if self.manner == Manner::Compresses && request.contains("gzip") {
            answer = answer.replacen("\r\n", "\r\nContent-Encoding: gzip\r\n", 1);
        }
        let _ = browser.write_all(answer.as_bytes()).await;
        self.pass_on(browser, daemon, rest).await;
    }

    async fn pass_on(self, mut browser: impl AsyncWrite + Unpin, mut daemon: TcpStream, rest: Vec<u8>) {
        match self.manner {
            Manner::HoldsBack => {
                let mut all = rest;
                let _ = daemon.read_to_end(&mut all).await;
                let _ = browser.write_all(&all).await;
            }
            Manner::Cuts(patience) => {
                let _ = browser.write_all(&rest).await;
                let mut buffer = [0; 4096];
                while let Ok(Ok(length @ 1..)) = timeout(patience, daemon.read(&mut buffer)).await {
                    let _ = browser.write_all(&buffer[..length]).await;
                }
            }
            _ => {
                let _ = browser.write_all(&rest).await;
                let _ = copy(&mut daemon, &mut browser).await;
            }
        }
    }
}

/// Reads a head, and what has come with it.
async fn head(from: &mut (impl AsyncRead + Unpin)) -> Option<(String, Vec<u8>)> {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return String::from_utf8(bytes).ok().map(|head| (head, rest));
        }
        let length = from.read(&mut buffer).await.ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&buffer[..length]);
    }
}

fn acceptor(protocols: &[&str]) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(KEY).expect("a key");
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("they belong together");
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}
