//! The server of `version.json`, in every mood.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What it does with a request.
#[derive(Clone, Debug)]
pub enum Mood {
    /// Answers 200 with this body.
    Says(&'static str),
    /// Answers with this status.
    Fails(u16),
    /// Answers 200 with this body, but only once it is released.
    SaysLater(&'static str),
    /// Answers nothing.
    Hangs,
    /// Sends a byte of the body now and then, for ever.
    Drips,
}

/// A server of one document.
#[derive(Debug)]
pub struct Frontend {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    arrivals: watch::Receiver<usize>,
    released: watch::Sender<bool>,
}

impl Frontend {
    /// Starts it.
    pub async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let asked = Arc::new(AtomicUsize::new(0));
        let (arrived, arrivals) = watch::channel(0);
        let (released, release) = watch::channel(false);
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                arrived.send_replace(count.fetch_add(1, Ordering::SeqCst) + 1);
                tokio::spawn(answer(stream, mood.clone(), release.clone()));
            }
        });
        Self { address, asked, arrivals, released }
    }

    /// Returns the setting that points the daemon here.
    pub fn setting(&self) -> String {
        format!("frontend_version_url=http://{}/version.json", self.address)
    }

    /// Lets it answer.
    pub fn release(&self) {
        self.released.send_replace(true);
    }

    /// Returns how often it was asked.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits until it was asked this often.
    pub async fn was_asked(&mut self, times: usize) {
        crate::harness::within("a fetch", self.arrivals.wait_for(|asked| *asked >= times))
            .await
            .expect("the server lives as long as its handle");
    }
}

async fn answer(mut stream: TcpStream, mood: Mood, mut release: watch::Receiver<bool>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let (status, body) = match mood {
        Mood::Says(body) => (200, body),
        Mood::SaysLater(body) => {
            if release.wait_for(|released| *released).await.is_err() {
                return;
            }
            (200, body)
        }
        Mood::Fails(status) => (status, "{\"version\":\"from-an-error\"}"),
        Mood::Hangs => {
            // Until the client gives up, or the test ends.
            let _ = stream.read_u8().await;
            return;
        }
        Mood::Drips => return drip(stream).await,
    };
    let answer = format!(
        "HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
}

async fn drip(mut stream: TcpStream) {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{";
    let mut next = stream.write_all(head.as_bytes()).await;
    let mut drop = tokio::time::interval(std::time::Duration::from_millis(100));
    while next.is_ok() {
        drop.tick().await;
        next = stream.write_all(b" ").await;
    }
}
