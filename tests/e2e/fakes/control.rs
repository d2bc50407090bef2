//! A control socket on which nobody behaves.

use std::path::Path;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
    sync::mpsc,
};

/// What it does with every request.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// Answers with these bytes.
    Answers(&'static str),
    /// Reads the request and closes.
    HangsUp,
    /// Reads the request and says nothing.
    Hangs,
}

/// Serves a socket until the test ends. What is received there hears of every request.
pub fn serve(path: &Path, manner: Manner) -> mpsc::Receiver<String> {
    let listener = UnixListener::bind(path).expect("a socket in the test's directory");
    let (heard, requests) = mpsc::channel(16);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, manner, heard.clone()));
        }
    });
    requests
}

async fn answer(mut stream: UnixStream, manner: Manner, heard: mpsc::Sender<String>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while !is_whole(&bytes) {
        match stream.read(&mut buffer).await {
            Ok(length) if length > 0 => bytes.extend_from_slice(&buffer[..length]),
            _ => return,
        }
    }
    let _ = heard.send(String::from_utf8_lossy(&bytes).into_owned()).await;
    match manner {
        Manner::Answers(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
        }
        Manner::HangsUp => {}
        Manner::Hangs => {
            let _ = stream.read(&mut buffer).await;
        }
    }
}

fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
    length.is_none_or(|length| length.trim().parse().is_ok_and(|length: usize| body.len() >= length))
}
