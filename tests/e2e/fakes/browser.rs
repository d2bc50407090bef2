//! A browser's `EventSource` on a raw socket, so that it can also misbehave.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
};

use super::sse::Parser;
pub use super::sse::{Event, Item};
use crate::harness::{told, within};

/// One stream. Dropping it closes the connection.
#[derive(Debug)]
pub struct Browser {
    stream: BufReader<TcpStream>,
    pub status: u16,
    pub headers: Vec<(String, String)>,
    chunked: bool,
    parser: Parser,
}

impl Browser {
    /// Opens the stream of a request id and expects its head.
    pub async fn open(to: SocketAddr, request_id: &str) -> Self {
        let browser = Self::get(to, &format!("/api/sse/stream?request_id={request_id}")).await;
        assert_eq!(browser.status, 200, "{browser:?}");
        browser
    }

    /// Opens the stream of a request id, if the other side lives for long enough.
    pub async fn attempt(to: SocketAddr, request_id: &str) -> Option<Self> {
        Self::attempt_with(to, &format!("/api/sse/stream?request_id={request_id}"), "").await
    }

    /// As [`Browser::attempt`], with this target and these lines of the head.
    pub async fn attempt_with(to: SocketAddr, target: &str, lines: &str) -> Option<Self> {
        let mut stream = TcpStream::connect(to).await.ok()?;
        let head = head(to, target);
        let head = format!("{}\r\n{lines}\r\n", head.trim_end_matches("\r\n"));
        stream.write_all(head.as_bytes()).await.ok()?;
        Self::read_head(stream).await.filter(|browser| browser.status == 200)
    }

    /// Comes back after the event with this id.
    pub async fn come_back(to: SocketAddr, request_id: &str, last_event_id: &str) -> Self {
        let stream = TcpStream::connect(to).await.expect("the listener accepts");
        let target = format!("/api/sse/stream?request_id={request_id}");
        let head = head(to, &target);
        let head = head.trim_end_matches("\r\n");
        Self::begin(stream, format!("{head}\r\nLast-Event-ID: {last_event_id}\r\n\r\n").as_bytes()).await
    }

    /// Reads what the stream begins with. Returns the events, and the id of the last event before those that follow.
    pub async fn greeting(&mut self) -> (Vec<Event>, String) {
        let mut events = Vec::new();
        loop {
            match self.next_item().await {
                Some(Item::Event(event)) => events.push(event),
                Some(Item::Place(id)) => return (events, id),
                Some(Item::Retry(_)) => {}
                other => panic!("{other:?} where a stream begins"),
            }
        }
    }

    /// Opens a stream with this target.
    pub async fn get(to: SocketAddr, target: &str) -> Self {
        let stream = TcpStream::connect(to).await.expect("the listener accepts");
        Self::begin(stream, head(to, target).as_bytes()).await
    }

    /// Opens a stream on a small receive buffer: little may be under way to one who does not read.
    pub async fn open_narrow(to: SocketAddr, request_id: &str) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        let stream = socket.connect(to).await.expect("the listener accepts");
        let head = format!("GET /api/sse/stream?request_id={request_id} HTTP/1.1\r\nHost: {to}\r\n\r\n");
        Self::begin(stream, head.as_bytes()).await
    }

    /// Sends a request of any form and reads the head of the answer.
    pub async fn begin(mut stream: TcpStream, request: &[u8]) -> Self {
        stream.write_all(request).await.expect("the request can be sent");
        Self::read_head(stream).await.expect("an answer with a status")
    }

    async fn read_head(stream: TcpStream) -> Option<Self> {
        let mut stream = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let line = within("a response head", line(&mut stream)).await;
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let (first, fields) = lines.split_first()?;
        let status = first.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<_> = fields
            .iter()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        Some(Self { stream, status, headers, chunked, parser: Parser::default() })
    }

    /// Returns a header's value; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Waits for the next event.
    pub async fn next_event(&mut self) -> Event {
        self.find("an event", |_| true).await
    }

    /// Waits for the next event of this name, skipping others.
    pub async fn next_named(&mut self, name: &str) -> Event {
        self.find(name, |event| event.name == name).await
    }

    async fn find(&mut self, what: &str, is_it: impl Fn(&Event) -> bool) -> Event {
        // One limit for all of it: heartbeats do not renew it.
        within(what, async {
            loop {
                match self.next_item().await {
                    Some(Item::Event(event)) if is_it(&event) => return event,
                    Some(_) => {}
                    None => panic!("the stream ended where {what} was awaited"),
                }
            }
        })
        .await
    }

    /// Waits for the next version.
    pub async fn next_version(&mut self) -> String {
        let event = self.next_named("version").await;
        event.json()["version"].as_str().expect("a version event has a version").to_owned()
    }

    /// Waits for the next comment.
    pub async fn next_comment(&mut self) -> String {
        loop {
            match self.next_item().await {
                Some(Item::Comment(comment)) => return comment,
                Some(_) => {}
                None => panic!("the stream ended where a comment was awaited"),
            }
        }
    }

    /// Waits for the next event, comment or retry; `None` at the end of the stream.
    pub async fn next_item(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.parser.next() {
                if let Item::Event(event) = &item {
                    told::check(event);
                }
                return Some(item);
            }
            let bytes = within("more of the stream", self.read()).await?;
            self.parser.feed(&bytes);
        }
    }

    /// Reads to the end of the stream.
    pub async fn rest(mut self) -> Vec<Item> {
        let mut items = Vec::new();
        while let Some(item) = self.next_item().await {
            items.push(item);
        }
        items
    }

    /// Reads to the end of the stream and returns the events alone.
    pub async fn last_events(self) -> Vec<Event> {
        let events = |item| if let Item::Event(event) = item { Some(event) } else { None };
        self.rest().await.into_iter().filter_map(events).collect()
    }

    /// Ends its sending side only.
    pub async fn half_close(&mut self) {
        self.stream.get_mut().shutdown().await.expect("the sending side can be closed");
    }

    /// Reads until the other side resets the connection.
    pub async fn until_reset(self) {
        let mut socket = self.stream.into_inner();
        within("a reset", async {
            let mut scratch = [0; 16 * 1024];
            loop {
                match socket.read(&mut scratch).await {
                    Ok(0) => panic!("the stream was ended in order"),
                    Ok(_) => {}
                    Err(error) => {
                        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
                        return;
                    }
                }
            }
        })
        .await;
    }

    /// Leaves with a reset.
    pub fn reset(self) {
        self.stream.into_inner().set_zero_linger().expect("linger can be set");
    }

    async fn read(&mut self) -> Option<Vec<u8>> {
        if !self.chunked {
            let bytes = self.stream.fill_buf().await.ok()?.to_vec();
            self.stream.consume(bytes.len());
            return Some(bytes).filter(|bytes| !bytes.is_empty());
        }
        let size = line(&mut self.stream).await;
        let size = usize::from_str_radix(&size, 16).ok().filter(|&size| size > 0)?;
        let mut chunk = vec![0; size + 2];
        self.stream.read_exact(&mut chunk).await.ok()?;
        chunk.truncate(size);
        Some(chunk)
    }
}

fn head(to: SocketAddr, target: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: {to}\r\nAccept: text/event-stream\r\nCache-Control: no-cache\r\n\
         User-Agent: Mozilla/5.0 (test)\r\n\r\n"
    )
}

async fn line(stream: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    // A stream that was cut off reads as one that ended.
    let _ = stream.read_line(&mut line).await;
    line.trim_end_matches(['\r', '\n']).to_owned()
}
