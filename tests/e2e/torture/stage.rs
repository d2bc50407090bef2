//! What writers, readers and the one who kills have in common: the log, the command, and whether the daemon is up.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::Value;
use tokio::sync::watch;

use super::history::Record;
use crate::harness::{Cli, within};

/// Where the play is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The daemon is down.
    Down,
    /// It serves, and is about to be killed.
    Up(SocketAddr),
    /// It serves and stays: everyone has one more turn.
    Last(SocketAddr),
    /// Nothing more happens.
    Over,
}

/// A copy for everyone who plays.
#[derive(Clone)]
pub struct Stage {
    pub cli: Cli,
    log: Arc<Mutex<Vec<Record>>>,
    act: watch::Sender<Act>,
    unknown: Arc<AtomicUsize>,
}

impl Stage {
    pub fn new(cli: Cli) -> Self {
        Self { cli, log: Arc::default(), act: watch::Sender::new(Act::Down), unknown: Arc::default() }
    }

    /// Records an observation.
    pub fn saw(&self, record: Record) {
        self.log.lock().expect("no test panics with the lock").push(record);
    }

    /// Returns all that was recorded.
    pub fn history(&self) -> Vec<Record> {
        self.log.lock().expect("no test panics with the lock").clone()
    }

    /// Returns how many orders had an unknown outcome.
    pub fn unknown(&self) -> usize {
        self.unknown.load(Ordering::SeqCst)
    }

    pub fn set(&self, act: Act) {
        self.act.send_replace(act);
    }

    pub fn act(&self) -> Act {
        *self.act.borrow()
    }

    /// Waits until it is another act.
    pub async fn change_from(&self, act: Act) {
        let mut acts = self.act.subscribe();
        within("the next act", acts.wait_for(|now| *now != act)).await.expect("the stage lives");
    }

    /// Waits until the daemon serves, and returns where; `None` when it is over.
    pub async fn up(&self) -> Option<SocketAddr> {
        let mut acts = self.act.subscribe();
        let act = within("the next act", acts.wait_for(|act| *act != Act::Down)).await;
        match *act.expect("the stage lives") {
            Act::Up(at) | Act::Last(at) => Some(at),
            Act::Down | Act::Over => None,
        }
    }

    /// Gives an order again and again, with the same key, until it is answered. Returns the exit code, and the
    /// receipt if it is 0.
    pub async fn insist(&self, arguments: &[&str], key: &str) -> (i32, Value) {
        let arguments = [arguments, &["--key", key, "-o", "json"]].concat();
        loop {
            let output = self.cli.run(&arguments).await;
            match output.code {
                0 => {
                    let mut answer: Value = serde_json::from_str(&output.stdout).expect("an answer in JSON");
                    return (0, answer["item"].take());
                }
                4 => {}
                7 => {
                    assert!(output.stderr.contains(key), "it says how to repeat it: {output:?}");
                    self.unknown.fetch_add(1, Ordering::SeqCst);
                }
                code => return (code, Value::String(output.stderr)),
            }
            self.up().await;
        }
    }
}
