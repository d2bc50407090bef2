//! A reader: a browser that loses its stream again and again, at whatever moment, and comes back for the rest.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::sleep,
};

use super::{
    AGAIN, HISTORY, Play,
    memory::{Greeting, Memory, Tally},
    name,
};
use crate::{
    fakes::browser::{Browser, Item},
    harness::http,
    torture::stage::Act,
};

/// An id may replace itself this often before it is taken for two tabs.
const OVERLAP: Duration = Duration::from_secs(15);

/// One reader.
pub struct Reader {
    play: Play,
    reader: usize,
    random: fastrand::Rng,
    memory: Memory,
    overlapped: Option<Instant>,
}

impl Reader {
    pub fn new(play: Play, reader: usize, random: fastrand::Rng) -> Self {
        let memory = Memory::new(reader, play.writers);
        Self { play, reader, random, memory, overlapped: None }
    }

    /// Reads until it is over.
    pub async fn read(mut self) -> Tally {
        while let Some(to) = self.play.stage.up().await {
            let greeting = Greeting::new(self.play.ledger.known(self.reader));
            match self.come(to).await {
                Some(browser) => self.visit(browser, greeting).await,
                None => sleep(AGAIN).await,
            }
        }
        if let Err(flaw) = self.memory.over(&self.play.ledger) {
            panic!("{} saw a flaw: {flaw}\n{:?}", name(self.reader), self.memory);
        }
        self.memory.tally
    }

    async fn come(&mut self, to: std::net::SocketAddr) -> Option<Browser> {
        let target = format!("/api/sse/stream?request_id={}", name(self.reader));
        let browser = match &self.memory.last {
            None => Browser::attempt_with(to, &target, "").await,
            Some(last) if self.random.bool() => {
                Browser::attempt_with(to, &target, &format!("Last-Event-ID: {last}\r\n")).await
            }
            Some(last) => Browser::attempt_with(to, &format!("{target}&last_event_id={last}"), "").await,
        };
        // Else it is told to come back later.
        browser.filter(|browser| browser.header("transfer-encoding") == Some("chunked"))
    }

    /// Reads a stream until it ends, or until it is left.
    async fn visit(&mut self, mut browser: Browser, greeting: Greeting) {
        let mut greeting = Some(greeting);
        // Short ones end in the middle of the greeting.
        let items = if self.random.u8(..3) == 0 { self.random.usize(..5) } else { self.random.usize(..400) };
        let patience = Duration::from_millis(self.random.u64(..400));
        let stays = self.random.u8(..4) == 0;
        let mut left = items;
        loop {
            let leaves = !stays && !matches!(self.play.stage.act(), Act::Last(_) | Act::Over);
            if leaves && left == 0 {
                break;
            }
            left = left.saturating_sub(1);
            let item = tokio::select! {
                item = browser.next_item() => item,
                () = sleep(patience), if leaves => break,
            };
            let Some(item) = item else { return };
            if let Err(flaw) = self.take(&mut greeting, item) {
                panic!("{} saw a flaw: {flaw}\n{:?}", name(self.reader), self.memory);
            }
        }
        self.leave(browser).await;
    }

    fn take(&mut self, greeting: &mut Option<Greeting>, item: Item) -> Result<(), String> {
        let ledger = &self.play.ledger;
        match (item, &mut *greeting) {
            (Item::Event(event), _) if event.name == "bye" => Ok(()),
            (Item::Event(event), Some(greeting)) => self.memory.greeted(ledger, greeting, event),
            (Item::Event(event), None) => self.memory.told(ledger, &event),
            (Item::Place(id), Some(begun)) => {
                let placed = self.memory.placed(ledger, begun, &id);
                *greeting = None;
                placed
            }
            (Item::Place(id), None) => Err(format!("a second place: {id}")),
            (Item::Comment(_) | Item::Retry(_), _) => Ok(()),
        }
    }

    async fn leave(&mut self, browser: Browser) {
        let overlaps = self.overlapped.is_none_or(|at| at.elapsed() > OVERLAP) && self.random.u8(..5) == 0;
        if self.random.bool() {
            browser.reset();
        } else {
            drop(browser);
        }
        if overlaps {
            // The daemon may not know yet.
            self.overlapped = Some(Instant::now());
            return;
        }
        while self.is_listed().await {
            sleep(AGAIN).await;
        }
        if self.random.u8(..5) == 0 {
            self.stay_away().await;
        }
    }

    /// Stays away for longer than anything is kept.
    async fn stay_away(&self) {
        let mut published = self.play.ledger.published.subscribe();
        let enough = *published.borrow() + HISTORY * 3 / 2;
        let act = self.play.stage.act();
        if matches!(act, Act::Up(_)) {
            tokio::select! {
                _ = published.wait_for(|published| *published >= enough) => {}
                () = self.play.stage.change_from(act) => {}
            }
        }
    }

    /// Returns whether the daemon still has its stream.
    async fn is_listed(&self) -> bool {
        let Ok(mut socket) = UnixStream::connect(&self.play.stage.cli.socket).await else { return false };
        let request = http::request("GET", &format!("/v1/connections/{}", name(self.reader)), &[], b"");
        let mut answer = Vec::new();
        let _ = socket.write_all(&request).await;
        let _ = socket.read_to_end(&mut answer).await;
        http::parse(&answer).is_some_and(|answer| answer.status == 200)
    }
}
