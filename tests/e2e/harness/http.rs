//! One HTTP/1.1 exchange over a fresh connection, byte by byte as the test wants it.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

use super::{contract, within};

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Response {
    /// Returns the header's value; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// Checks the status.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

/// Returns a request's bytes. `Host`, `Connection: close` and the length are added.
pub fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || method != "GET" {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// Sends a request and reads the answer.
pub async fn exchange(stream: impl AsyncRead + AsyncWrite + Unpin, request: &[u8]) -> Response {
    let bytes = talk(stream, request).await;
    let response = parse(&bytes);
    let response = response.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&bytes)));
    contract::check_answer(request, &response);
    response
}

async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &[u8]) -> Vec<u8> {
    within("an HTTP answer", async {
        // A listener may answer and close before it has taken everything.
        let _ = stream.write_all(request).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        bytes
    })
    .await
}

/// As [`exchange`], for a task of its own.
pub async fn exchange_owned(stream: impl AsyncRead + AsyncWrite + Unpin, request: Vec<u8>) -> Response {
    exchange(stream, &request).await
}

/// Sends bytes over TCP and reads the answer.
pub async fn send(to: SocketAddr, request: &[u8]) -> Response {
    exchange(TcpStream::connect(to).await.expect("the listener accepts"), request).await
}

/// `GET` over TCP.
pub async fn get(to: SocketAddr, target: &str) -> Response {
    send(to, &request("GET", target, &[], b"")).await
}

/// `POST` of JSON over TCP.
pub async fn post(to: SocketAddr, target: &str, body: &Value) -> Response {
    post_with(to, target, &[], body).await
}

/// `POST` of JSON over TCP with more headers.
pub async fn post_with(to: SocketAddr, target: &str, headers: &[(&str, &str)], body: &Value) -> Response {
    let headers = [&[("Content-Type", "application/json")], headers].concat();
    send(to, &request("POST", target, &headers, body.to_string().as_bytes())).await
}

/// `POST` of JSON over TCP to somebody who may be gone at any moment.
pub async fn try_post(to: SocketAddr, target: &str, body: &Value) -> Option<Response> {
    let headers = [("Content-Type", "application/json")];
    let request = request("POST", target, &headers, body.to_string().as_bytes());
    parse(&talk(TcpStream::connect(to).await.ok()?, &request).await)
}

/// `GET` over TCP from somebody who may be gone at any moment.
#[cfg(feature = "nats")]
pub async fn try_get(to: SocketAddr, target: &str) -> Option<Response> {
    parse(&talk(TcpStream::connect(to).await.ok()?, &request("GET", target, &[], b"")).await)
}

/// Takes an answer apart that was read to its end.
pub fn parse(bytes: &[u8]) -> Option<Response> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = &bytes[end + 4..];
    let body = if chunked { dechunk(body)? } else { body.to_vec() };
    Some(Response { status, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

fn dechunk(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let line = body.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&body[..line]).ok()?, 16).ok()?;
        let chunk = body.get(line + 2..)?;
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(chunk.get(..size)?);
        body = chunk.get(size + 2..)?;
    }
}
