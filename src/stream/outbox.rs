//! What waits for one connection that does not take bytes as fast as they come.

use std::{
    collections::VecDeque,
    io::{self, IoSlice, Write},
    sync::Arc,
    time::Instant,
};

use super::frame::{Content, Frame, Transfer};

/// Frames that one system call takes at most.
const SLICES: usize = 64;

/// A frame in an outbox.
#[derive(Debug)]
struct Piece {
    frame: Arc<Frame>,
    /// Since when it, or the progress that it stands for, waits.
    since: Instant,
}

/// Frames that wait, oldest first. There is none for a connection that keeps up.
#[derive(Debug)]
pub(super) struct Outbox {
    transfer: Transfer,
    pieces: VecDeque<Piece>,
    /// How much of the first frame is written.
    written: usize,
    bytes: usize,
    /// So many of them do not count.
    excused: usize,
}

/// What became of a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flushed {
    /// Nothing waits any more.
    All,
    /// The connection takes no more for now.
    Blocked,
}

impl Outbox {
    /// Returns an empty outbox.
    pub(super) fn new(transfer: Transfer) -> Self {
        Self { transfer, pieces: VecDeque::new(), written: 0, bytes: 0, excused: 0 }
    }

    /// Returns how many bytes wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns how many bytes wait of those that count.
    pub(super) fn counted(&self) -> usize {
        self.bytes.saturating_sub(self.excused)
    }

    /// Lets what waits now not count, neither its bytes nor, as long as it becomes less, the time that it takes.
    pub(super) fn excuse(&mut self) {
        self.excused = self.bytes;
    }

    /// Returns how many frames wait.
    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Returns since when the oldest frame waits.
    pub(super) fn oldest(&self) -> Option<Instant> {
        self.pieces.iter().map(|piece| piece.since).min()
    }

    /// Adds a frame of which `written` bytes are sent already; that is only so for the first. Older progress of
    /// the same task, not begun yet, gives way: whether there was any is returned.
    pub(super) fn push(&mut self, frame: Arc<Frame>, written: usize, now: Instant) -> bool {
        let superseded = self.supersede(&frame.content);
        let since = superseded.unwrap_or(now);
        let len = frame.bytes(self.transfer).len();
        debug_assert!(written == 0 || self.pieces.is_empty(), "only the first frame is written in part");
        self.written += written;
        self.bytes += len - written;
        self.pieces.push_back(Piece { frame, since });
        superseded.is_some()
    }

    /// Writes until nothing waits or the connection takes no more. Calls `sent` for every frame that went out
    /// whole.
    pub(super) fn flush(
        &mut self,
        socket: &mut impl Write,
        mut sent: impl FnMut(&Frame),
    ) -> io::Result<Flushed> {
        while !self.pieces.is_empty() {
            let mut skip = self.written;
            let slices: Vec<_> = self
                .pieces
                .iter()
                .take(SLICES)
                .map(|piece| IoSlice::new(&piece.frame.bytes(self.transfer)[std::mem::take(&mut skip)..]))
                .collect();
            match socket.write_vectored(&slices) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => self.consume(count, &mut sent),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Flushed::Blocked),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Flushed::All)
    }

    /// Returns the frames that will not be sent.
    pub(super) fn unsent(&self) -> impl Iterator<Item = &Frame> {
        self.pieces.iter().map(|piece| piece.frame.as_ref())
    }

    fn consume(&mut self, count: usize, sent: &mut impl FnMut(&Frame)) {
        self.bytes -= count;
        if self.excused > 0 {
            self.excused = self.excused.saturating_sub(count);
            // However long that takes: its client reads.
            let now = Instant::now();
            self.pieces.iter_mut().for_each(|piece| piece.since = now);
        }
        self.written += count;
        while let Some(piece) = self.pieces.front() {
            let len = piece.frame.bytes(self.transfer).len();
            if self.written < len {
                return;
            }
            self.written -= len;
            sent(&piece.frame);
            self.pieces.pop_front();
        }
    }

    fn len_of(&self, piece: &Piece) -> usize {
        piece.frame.bytes(self.transfer).len()
    }

    fn supersede(&mut self, content: &Content) -> Option<Instant> {
        let Content::Progress(_) = content else { return None };
        let begun = usize::from(self.written > 0);
        let place = self.pieces.iter().skip(begun).position(|piece| piece.frame.content == *content)?;
        let place = begun + place;
        if self.excused > 0 {
            let before: usize = self.pieces.iter().take(place).map(|piece| self.len_of(piece)).sum();
            if before - self.written < self.excused {
                self.excused -= self.len_of(&self.pieces[place]);
            }
        }
        let old = self.pieces.remove(place)?;
        self.bytes -= self.len_of(&old);
        Some(old.since)
    }
}

#[cfg(test)]
mod tests;
