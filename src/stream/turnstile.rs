//! A connection that lets requests through to HTTP one at a time, and stops before one that is not for it: a proxy
//! sends both kinds over one connection.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::head::{self, Verdict};

/// What is read at once while a head is awaited.
const READ: usize = 2048;

/// Yields whole requests, then the end as soon as a head is judged not to be [`Verdict::Other`].
pub(super) struct Turnstile<T, J> {
    socket: TcpStream,
    /// Read, and not handed on yet.
    held: BytesMut,
    /// How much of what is held has been looked at in vain.
    seen: usize,
    /// How much of the request may pass.
    passing: Passing,
    judge: J,
    stopped: Option<Verdict<T>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passing {
    /// Nothing: a head is awaited.
    Nothing,
    /// So many bytes.
    Bytes(u64),
    /// All: where the request ends only HTTP knows, and it is the last one.
    All,
}

impl<T, J: Fn(&[u8]) -> Verdict<T>> Turnstile<T, J> {
    /// Puts bytes, which begin with a head for HTTP, back before those that are still to be read.
    pub(super) fn new(first: BytesMut, socket: TcpStream, judge: J) -> Self {
        Self { socket, held: first, seen: 0, passing: Passing::Nothing, judge, stopped: None }
    }

    /// Returns what it stopped at, if it did.
    pub(super) fn stopped(self) -> Option<(Verdict<T>, TcpStream)> {
        Some((self.stopped?, self.socket))
    }

    /// Looks whether a head is held. True: something may pass, or nothing ever will again.
    fn look(&mut self) -> bool {
        if self.held.is_empty() {
            return false;
        }
        let looked = head::worth_reading(&self.held, self.seen).then(|| (self.judge)(&self.held));
        self.seen = self.held.len();
        match looked {
            None | Some(Verdict::Incomplete) => return false,
            Some(Verdict::Other) => {
                self.passing = head::length(&self.held).map_or(Passing::All, Passing::Bytes);
            }
            Some(verdict) => self.stopped = Some(verdict),
        }
        self.seen = 0;
        true
    }

    fn pass(&mut self, into: &mut ReadBuf<'_>) {
        let may = match self.passing {
            Passing::Nothing => 0,
            Passing::Bytes(left) => usize::try_from(left).unwrap_or(usize::MAX),
            Passing::All => usize::MAX,
        };
        let count = self.held.len().min(into.remaining()).min(may);
        into.put_slice(&self.held[..count]);
        self.held.advance(count);
        if self.held.is_empty() {
            self.held = BytesMut::new();
        }
        self.passing = match self.passing {
            Passing::Bytes(left) if left > count as u64 => Passing::Bytes(left - count as u64),
            Passing::All => Passing::All,
            Passing::Bytes(_) | Passing::Nothing => Passing::Nothing,
        };
    }
}

impl<T: Unpin, J: Fn(&[u8]) -> Verdict<T> + Unpin> AsyncRead for Turnstile<T, J> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if self.stopped.is_some() || into.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            let may_pass = self.passing != Passing::Nothing || self.look();
            if self.stopped.is_none() && may_pass && !self.held.is_empty() {
                self.pass(into);
                return Poll::Ready(Ok(()));
            }
            if self.stopped.is_some() {
                continue;
            }
            let mut scratch = [0; READ];
            let mut read = ReadBuf::new(&mut scratch);
            ready!(Pin::new(&mut self.socket).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                // The peer is done; half a head is nobody's.
                return Poll::Ready(Ok(()));
            }
            self.held.extend_from_slice(read.filled());
        }
    }
}

impl<T: Unpin, J: Unpin> AsyncWrite for Turnstile<T, J> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}

#[cfg(test)]
mod tests;
