use std::time::Duration;

use super::*;

/// Takes as many bytes as it has been given room for.
#[derive(Default)]
struct Pipe {
    taken: Vec<u8>,
    room: usize,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.room);
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.room -= count;
        self.taken.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn frame(text: &'static str, content: Content) -> Arc<Frame> {
    let mut frame = Frame::raw(text.into());
    frame.content = content;
    Arc::new(frame)
}

fn progress(task: &str, text: &'static str) -> Arc<Frame> {
    frame(text, Content::Progress(task.into()))
}

fn drain(outbox: &mut Outbox) -> String {
    let mut pipe = Pipe { room: usize::MAX, ..Pipe::default() };
    assert_eq!(outbox.flush(&mut pipe, |_| {}).expect("a flush"), Flushed::All);
    assert_eq!((outbox.bytes(), outbox.len()), (0, 0));
    String::from_utf8(pipe.taken).expect("text")
}

#[test]
fn what_is_excused_may_take_its_time_as_long_as_it_becomes_less() {
    let long_ago = Instant::now();
    let mut outbox = Outbox::new(Transfer::Plain);
    outbox.push(frame("greeting", Content::Event), 0, long_ago);
    outbox.excuse();
    outbox.push(frame("event", Content::Event), 0, long_ago);
    let mut pipe = Pipe::default();
    let mut oldest_after = |room| {
        pipe.room = room;
        outbox.flush(&mut pipe, |_| {}).expect("a flush");
        outbox.oldest().expect("something waits")
    };
    assert_eq!(oldest_after(0), long_ago, "nothing was taken");
    let renewed = oldest_after(8);
    assert!(renewed > long_ago);
    assert_eq!(oldest_after(1), renewed, "the greeting is gone: time counts");
}

#[test]
fn what_gives_way_is_not_excused_any_more() {
    let now = Instant::now();
    let mut outbox = Outbox::new(Transfer::Plain);
    outbox.push(frame("greeting", Content::Event), 0, now);
    outbox.push(progress("a", "10%"), 0, now);
    outbox.excuse();
    assert_eq!(outbox.counted(), 0);
    outbox.push(progress("a", "20%"), 0, now);
    assert_eq!(outbox.counted(), 3, "what comes later counts");
    outbox.push(progress("a", "30%"), 0, now);
    assert_eq!(outbox.counted(), 3);
    let mut pipe = Pipe { room: 8, ..Pipe::default() };
    outbox.flush(&mut pipe, |_| {}).expect("a flush");
    assert_eq!((outbox.counted(), outbox.bytes()), (3, 3));
}

#[test]
fn goes_on_where_a_write_stopped_and_tells_what_went_out_whole() {
    let now = Instant::now();
    let mut outbox = Outbox::new(Transfer::Plain);
    outbox.push(frame("abcdef", Content::Event), 2, now);
    outbox.push(frame("ghi", Content::Event), 0, now);
    outbox.push(frame("jkl", Content::Event), 0, now);
    assert_eq!(outbox.bytes(), 10);
    let (mut pipe, mut sent) = (Pipe::default(), Vec::new());
    for (room, bytes, whole) in [(0, 10, 0), (3, 7, 0), (2, 5, 1), (2, 3, 2), (9, 0, 3)] {
        pipe.room = room;
        let flushed = outbox.flush(&mut pipe, |frame| sent.push(frame.bytes(Transfer::Plain).clone()));
        assert_eq!(flushed.expect("a flush") == Flushed::All, bytes == 0);
        assert_eq!((outbox.bytes(), sent.len()), (bytes, whole));
    }
    assert_eq!(pipe.taken, b"cdefghijkl");
}

#[test]
fn older_progress_of_a_task_gives_way_and_nothing_else_does() {
    let now = Instant::now();
    let mut outbox = Outbox::new(Transfer::Plain);
    let version = || Content::Version(crate::event::VersionSequence(1));
    for frame in [
        frame("[started]", Content::Event),
        progress("t", "[t 1]"),
        progress("u", "[u 1]"),
        frame("[version]", version()),
        progress("t", "[t 2]"),
        frame("[version]", version()),
        progress("t", "[t 3]"),
        frame("[u done]", Content::Event),
    ] {
        outbox.push(frame, 0, now);
    }
    assert_eq!(drain(&mut outbox), "[started][u 1][version][version][t 3][u done]");
}

#[test]
fn progress_that_is_half_written_stays() {
    let now = Instant::now();
    let mut outbox = Outbox::new(Transfer::Plain);
    outbox.push(progress("t", "[t 1]"), 3, now);
    outbox.push(progress("t", "[t 2]"), 0, now);
    outbox.push(progress("t", "[t 3]"), 0, now);
    assert_eq!(drain(&mut outbox), "1][t 3]");
}

#[test]
fn progress_that_replaces_another_has_waited_as_long() {
    let now = Instant::now();
    let later = now + Duration::from_secs(9);
    let mut outbox = Outbox::new(Transfer::Plain);
    outbox.push(progress("t", "[t 1]"), 0, now);
    outbox.push(progress("t", "[t 2]"), 0, later);
    assert_eq!(outbox.oldest(), Some(now), "a silent client cannot be kept by new progress");
}

#[test]
fn takes_more_frames_than_one_system_call() {
    let now = Instant::now();
    let mut outbox = Outbox::new(Transfer::Plain);
    for _ in 0..3 * SLICES + 1 {
        outbox.push(frame("x", Content::Event), 0, now);
    }
    assert_eq!(drain(&mut outbox), "x".repeat(3 * SLICES + 1));
}
