//! Frames that are written together: many events waiting for a shard become one system call per socket.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    frame::{Content, Frame, Transfer},
    tally::Counts,
};

/// One or more frames in order, as they go to every connection.
#[derive(Debug)]
pub(super) struct Run {
    frames: Vec<Arc<Frame>>,
    chunked: Bytes,
    plain: Bytes,
    counts: Counts,
    versions: bool,
}

impl Run {
    /// Returns the frames joined, once for all connections.
    pub(super) fn new(frames: Vec<Arc<Frame>>) -> Self {
        let mut counts = Counts::default();
        frames.iter().for_each(|frame| counts.note(frame));
        let versions = frames.iter().any(|frame| matches!(frame.content, Content::Version(_)));
        let chunked = join(&frames, Transfer::Chunked);
        let plain = join(&frames, Transfer::Plain);
        Self { frames, chunked, plain, counts, versions }
    }

    /// Returns the frames.
    pub(super) fn frames(&self) -> &[Arc<Frame>] {
        &self.frames
    }

    /// Returns the bytes of all frames.
    pub(super) fn bytes(&self, transfer: Transfer) -> &Bytes {
        match transfer {
            Transfer::Chunked => &self.chunked,
            Transfer::Plain => &self.plain,
        }
    }

    /// Returns how many events of each service it has.
    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Returns whether there are versions among them, which are not for everyone.
    pub(super) fn has_versions(&self) -> bool {
        self.versions
    }

    /// Returns where writing stopped: how many frames are written whole, and how much of the next one.
    pub(super) fn place_of(&self, written: usize, transfer: Transfer) -> (usize, usize) {
        let (mut whole, mut rest) = (0, written);
        for frame in &self.frames {
            let len = frame.bytes(transfer).len();
            if rest < len {
                break;
            }
            rest -= len;
            whole += 1;
        }
        (whole, rest)
    }
}

impl From<Arc<Frame>> for Run {
    fn from(frame: Arc<Frame>) -> Self {
        Self::new(vec![frame])
    }
}

fn join(frames: &[Arc<Frame>], transfer: Transfer) -> Bytes {
    if let [one] = frames {
        return one.bytes(transfer).clone();
    }
    let len = frames.iter().map(|frame| frame.bytes(transfer).len()).sum();
    let mut joined = Vec::with_capacity(len);
    for frame in frames {
        joined.extend_from_slice(frame.bytes(transfer));
    }
    joined.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_where_a_write_stopped() {
        let frames: Vec<_> = ["abc", "de", "fghi"].map(|text| Arc::new(Frame::raw(text.into()))).into();
        let run = Run::new(frames);
        assert_eq!(run.bytes(Transfer::Plain).as_ref(), b"abcdefghi");
        let places: Vec<_> = (0..9).map(|written| run.place_of(written, Transfer::Chunked)).collect();
        assert_eq!(
            places,
            [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (2, 3)],
            "frames written whole, and bytes of the next"
        );
    }
}
