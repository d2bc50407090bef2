//! What writers, readers and the one who kills have in common: the log, the commands, and which daemons are up.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::future::select_all;
use serde_json::Value;
use tokio::sync::watch;

use super::history::{Member, Record};
use crate::harness::{Cli, LIMIT, within};

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

/// A daemon, and what all have in common. A copy for everyone who plays.
#[derive(Clone)]
pub struct Stage {
    pub cli: Cli,
    pub member: Member,
    log: Arc<Mutex<Vec<Record>>>,
    act: watch::Sender<Act>,
    unknown: Arc<AtomicUsize>,
}

impl Stage {
    pub fn new(cli: Cli) -> Self {
        let act = watch::Sender::new(Act::Down);
        Self { cli, member: 0, log: Arc::default(), act, unknown: Arc::default() }
    }

    /// Returns the stage of one more daemon in the same play.
    #[cfg(feature = "nats")]
    pub fn beside(&self, cli: Cli, member: Member) -> Self {
        Self { cli, member, act: watch::Sender::new(Act::Down), ..self.clone() }
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

    /// Waits until it is another act. Whoever directs sees to it that one comes.
    pub async fn change_from(&self, act: Act) {
        let mut acts = self.act.subscribe();
        acts.wait_for(|now| *now != act).await.expect("the stage lives");
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
}

/// The daemons to which somebody may turn.
#[derive(Clone)]
pub struct Choice(pub Vec<Stage>);

impl Choice {
    /// Records an observation.
    pub fn saw(&self, record: Record) {
        self.0[0].saw(record);
    }

    /// Returns where the play is, for the first of them.
    pub fn act(&self) -> Act {
        self.0[0].act()
    }

    /// Waits until one of them serves, and returns one and where; `None` when it is over.
    pub async fn up(&self) -> Option<(&Stage, SocketAddr)> {
        let mut stages: Vec<_> = self.0.iter().collect();
        fastrand::shuffle(&mut stages);
        let (door, which, _) = select_all(stages.iter().map(|stage| Box::pin(stage.up()))).await;
        door.map(|door| (stages[which], door))
    }

    /// Gives an order again and again, with the same key, to whoever serves, until it is answered. Returns who
    /// answered, the exit code, and the receipt if it is 0.
    pub async fn insist(&self, arguments: &[&str], key: &str) -> (Member, i32, Value) {
        let arguments = [arguments, &["--key", key, "-o", "json"]].concat();
        // Refused: others may be asked, it may be back in a moment, or may reach the others again.
        let patience = tokio::time::Instant::now() + LIMIT;
        let mut stage = fastrand::choice(&self.0).expect("there is one");
        loop {
            let output = stage.cli.run(&arguments).await;
            match output.code {
                0 => {
                    let mut answer: Value = serde_json::from_str(&output.stdout).expect("an answer in JSON");
                    return (stage.member, 0, answer["item"].take());
                }
                4 => {}
                7 => {
                    assert!(output.stderr.contains(key), "it says how to repeat it: {output:?}");
                    stage.unknown.fetch_add(1, Ordering::SeqCst);
                }
                1 if tokio::time::Instant::now() < patience => {}
                code => return (stage.member, code, Value::String(output.stderr)),
            }
            stage = self.up().await.map_or(stage, |(stage, _)| stage);
        }
    }
}
