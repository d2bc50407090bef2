//! Reads the lines of a stream, and insists that they end.

use std::{collections::VecDeque, marker::PhantomData, pin::Pin, time::Duration};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::{Answer, ClientError, Connection, driven};
use crate::control::types::Line;
#[cfg(any(test, feature = "fuzzing"))]
use crate::control::types::TaskLine;

/// A daemon from which nothing comes for this long, not even a heartbeat, is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// The longest line.
const MAX_LINE: usize = 1024 * 1024;

/// The lines of a stream of the daemon's.
pub struct LineStream<L> {
    body: Incoming,
    connection: Pin<Box<Connection>>,
    lines: Lines,
    ended: bool,
    kind: PhantomData<L>,
}

impl<L: Line> LineStream<L> {
    pub(super) fn new(body: Incoming, connection: Pin<Box<Connection>>) -> Self {
        Self { body, connection, lines: Lines::default(), ended: false, kind: PhantomData }
    }

    /// Returns the next line, `None` after the `end` line. A stream that breaks off without is an error. Nothing is
    /// lost when the wait is given up.
    pub async fn next(&mut self) -> Result<Option<Answer<L>>, ClientError> {
        if self.ended {
            return Ok(None);
        }
        loop {
            if let Some(json) = self.lines.take()? {
                // A kind of line that only a newer daemon knows is not for us.
                let Ok(value) = serde_json::from_str::<L>(&json) else {
                    serde_json::from_str::<serde::de::IgnoredAny>(&json)
                        .map_err(|error| ClientError::NotUnderstood(error.to_string()))?;
                    continue;
                };
                self.ended = value.ends();
                return Ok(Some(Answer { value, json }));
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<(), ClientError> {
        let frame = driven(&mut self.connection, self.body.frame());
        let frame = tokio::time::timeout(SILENCE, frame).await.map_err(|_| {
            ClientError::NoAnswer(format!("not even a heartbeat within {} s", SILENCE.as_secs()))
        })?;
        match frame {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    self.lines.push(&data);
                }
                Ok(())
            }
            Some(Err(error)) => Err(ClientError::NoAnswer(super::chain(&error))),
            None => Err(ClientError::NoAnswer("the stream broke off before its end".to_owned())),
        }
    }
}

#[derive(Default)]
struct Lines {
    whole: VecDeque<Vec<u8>>,
    partial: Vec<u8>,
}

impl Lines {
    fn push(&mut self, data: &Bytes) {
        let mut parts = data.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            self.partial.extend_from_slice(part);
            if parts.peek().is_some() {
                self.whole.push_back(std::mem::take(&mut self.partial));
            }
        }
    }

    fn take(&mut self) -> Result<Option<String>, ClientError> {
        if self.partial.len() > MAX_LINE {
            return Err(ClientError::NotUnderstood("a line without end".to_owned()));
        }
        let line = self.whole.pop_front().map(String::from_utf8).transpose();
        line.map_err(|_| ClientError::NotUnderstood("it is not text".to_owned()))
    }
}

/// For [`crate::fuzzing`]: the lines of a followed task, in two pieces.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn fuzz(bytes: &[u8]) {
    let mut lines = Lines::default();
    let (first, second) = bytes.split_at(bytes.len() / 2);
    lines.push(&Bytes::copy_from_slice(first));
    lines.push(&Bytes::copy_from_slice(second));
    while let Ok(Some(line)) = lines.take() {
        assert!(!line.contains('\n'));
        let _ = serde_json::from_str::<TaskLine>(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_line_ends_wherever_the_chunks_are() {
        let text = b"{\"a\":1}\n{\"b\":\"\xc3\xa4\"}\n\nrest";
        for cut in 0..=text.len() {
            let mut lines = Lines::default();
            lines.push(&Bytes::copy_from_slice(&text[..cut]));
            lines.push(&Bytes::copy_from_slice(&text[cut..]));
            let mut all = Vec::new();
            while let Some(line) = lines.take().expect("text") {
                all.push(line);
            }
            assert_eq!(all, ["{\"a\":1}", "{\"b\":\"ä\"}", ""]);
        }
    }
}
