//! Stands between a daemon and its gateway and spoils the answers for the tokens that it is told to.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::harness::within;

/// What becomes of a request for a token. The gateway sees nothing of it, but for a mere delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No answer, for as long as this lasts.
    Hang,
    /// A reset within the status line.
    Reset,
    /// A 200, and a reset within its body.
    ResetAfterStatus,
    /// This status, with these fields.
    Status(u16, &'static str),
    /// Bytes that are no HTTP.
    Garbage,
    /// An answer whose bytes come one by one, too slowly.
    Drip,
    /// The gateway's own answer, whose bytes come one by one.
    SlowAnswer,
}

/// The proxy.
#[derive(Clone, Debug)]
pub struct Faults {
    pub address: SocketAddr,
    gateway: SocketAddr,
    by_token: Arc<Mutex<HashMap<String, Fault>>>,
    changed: watch::Sender<()>,
    open: watch::Sender<usize>,
    spoiled: watch::Sender<usize>,
}

impl Faults {
    /// Starts it in front of a gateway.
    pub async fn before(gateway: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (changed, open, spoiled) = (watch::Sender::new(()), watch::Sender::new(0), watch::Sender::new(0));
        let proxy = Self { address, gateway, by_token: Arc::default(), changed, open, spoiled };
        tokio::spawn(proxy.clone().serve(listener));
        proxy
    }

    /// Spoils the answers for a token from now on.
    pub fn spoil(&self, token: &str, fault: Fault) {
        self.by_token.lock().expect("no test panics with the lock").insert(token.to_owned(), fault);
    }

    /// Spoils nothing any more.
    pub fn relent(&self) {
        self.by_token.lock().expect("no test panics with the lock").clear();
        self.changed.send_replace(());
    }

    /// Waits until this many answers were spoiled.
    pub async fn spoiled(&self, count: usize) {
        let mut spoiled = self.spoiled.subscribe();
        within("the faults", spoiled.wait_for(|now| *now >= count)).await.expect("the proxy lives");
    }

    /// Waits until at most this many TCP connections are open.
    pub async fn at_most_open(&self, count: usize) {
        let mut open = self.open.subscribe();
        within("connections to be closed", open.wait_for(|now| *now <= count))
            .await
            .expect("the proxy lives");
    }

    fn fault(&self, token: &str) -> Option<Fault> {
        self.by_token.lock().expect("no test panics with the lock").get(token).copied()
    }

    async fn serve(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let proxy = self.clone();
            tokio::spawn(async move {
                proxy.open.send_modify(|open| *open += 1);
                // A cut connection is part of the play.
                let _ = proxy.relay(stream).await;
                proxy.open.send_modify(|open| *open -= 1);
            });
        }
    }

    async fn relay(&self, stream: TcpStream) -> io::Result<()> {
        let mut daemon = BufReader::new(stream);
        while let Some((request, body)) = message(&mut daemon).await? {
            let order: serde_json::Value = serde_json::from_slice(&body)?;
            let token = order["token"].as_str().expect("every send has a token");
            match self.fault(token) {
                None => daemon.write_all(&self.ask(&request).await?).await?,
                Some(fault) => {
                    self.spoiled.send_modify(|count| *count += 1);
                    self.play(fault, &mut daemon, &request).await?;
                }
            }
        }
        Ok(())
    }

    async fn play(&self, fault: Fault, daemon: &mut BufReader<TcpStream>, request: &[u8]) -> io::Result<()> {
        const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}";
        match fault {
            Fault::Hang => {
                let mut changes = self.changed.subscribe();
                tokio::select! {
                    _ = changes.changed() => {}
                    _ = daemon.fill_buf() => {}
                }
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            Fault::Reset => reset(daemon, &OK[..11]).await,
            Fault::ResetAfterStatus => reset(daemon, &OK[..OK.len() - 9]).await,
            Fault::Status(code, fields) => {
                let body = r#"{"error":{"message":"no"}}"#;
                let answer =
                    format!("HTTP/1.1 {code} No\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len());
                daemon.write_all(answer.as_bytes()).await
            }
            Fault::Garbage => daemon.write_all(b"\x16\x03\x01\0\xff no HTTP at all\r\n\r\n\r\n").await,
            Fault::Drip => drip(daemon, OK, Duration::from_millis(100)).await,
            Fault::SlowAnswer => drip(daemon, &self.ask(request).await?, Duration::from_millis(1)).await,
        }
    }

    /// Asks the gateway.
    async fn ask(&self, request: &[u8]) -> io::Result<Vec<u8>> {
        let mut gateway = BufReader::new(TcpStream::connect(self.gateway).await?);
        gateway.write_all(request).await?;
        let answer = message(&mut gateway).await?;
        answer.map(|(whole, _)| whole).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

async fn reset(daemon: &mut BufReader<TcpStream>, beginning: &[u8]) -> io::Result<()> {
    daemon.write_all(beginning).await?;
    daemon.get_ref().set_zero_linger()?;
    Err(io::ErrorKind::ConnectionReset.into())
}

async fn drip(daemon: &mut BufReader<TcpStream>, answer: &[u8], every: Duration) -> io::Result<()> {
    let mut drops = tokio::time::interval(every);
    for byte in answer {
        drops.tick().await;
        daemon.write_all(&[*byte]).await?;
    }
    Ok(())
}

/// Reads a request or an answer: all of it, and its body.
async fn message(from: &mut BufReader<TcpStream>) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
    let (mut whole, mut length) = (Vec::new(), 0);
    loop {
        let begin = whole.len();
        if from.read_until(b'\n', &mut whole).await? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&whole[begin..]).to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).await?;
    whole.extend_from_slice(&body);
    Ok(Some((whole, body)))
}
