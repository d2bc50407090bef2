//! Members and servers that are killed, held, stopped and cut off in turn, while writers order at any member and readers
//! come back to any: the checker of the torture test finds nothing.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    can_play,
    members::{Members, NAMES, until_well},
};
use crate::{
    harness::{Daemon, until, within},
    torture::{
        crowd,
        history::{Record, flaws},
        stage::{Act, Choice, Stage},
    },
};

/// What is done to whom.
#[derive(Clone, Copy, Debug)]
enum Fault {
    MemberKilled,
    MemberStopped,
    MemberHeld,
    MemberCutOff,
    ServerKilled,
    ServerStopped,
    ServerHeld,
    LeaderKilled,
}

const FAULTS: [Fault; 8] = [
    Fault::MemberKilled,
    Fault::MemberStopped,
    Fault::MemberHeld,
    Fault::MemberCutOff,
    Fault::ServerKilled,
    Fault::ServerStopped,
    Fault::ServerHeld,
    Fault::LeaderKilled,
];

/// How often each fault comes; ten times as often for `tests/run --torture`.
fn rounds() -> usize {
    if std::env::var_os("SSECTL_TORTURE").is_some() { 10 } else { 1 }
}

/// Browsers; those that events are sent to alone are the first.
const READERS: usize = 150;
const FAVOURITES: [&str; 5] = ["reader0", "reader1", "reader2", "reader3", "reader4"];

/// The members, and what everyone who plays has of them.
struct Play {
    members: Members,
    stages: Vec<Stage>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_server_nothing_acknowledged_is_lost_whoever_is_killed_held_stopped_or_cut_off() {
    if !can_play() {
        return;
    }
    let members = Members::over_three().await;
    let first = Stage::new(members.at(0).cli());
    let mut stages = vec![first.clone()];
    for member in 1..NAMES.len() {
        stages.push(first.beside(members.at(member).cli(), member));
    }
    let mut play = Play { members, stages };
    play.all(Act::Up);
    let choice = Choice(play.stages.clone());
    let (ordering, sending) = (choice.clone(), choice.clone());
    let reporting = play.stages.clone();
    let writers = tokio::spawn(async move {
        tokio::join!(
            crowd::queue_versions(ordering.clone(), "a"),
            crowd::queue_versions(ordering, "b"),
            crowd::send_events(sending, &FAVOURITES),
            crowd::report_tasks(reporting[0].clone()),
            crowd::report_tasks(reporting[1].clone()),
        )
    });
    let readers: Vec<_> = (0..READERS)
        .map(|number| tokio::spawn(crowd::read(choice.clone(), format!("reader{number}"))))
        .collect();
    for _ in 0..rounds() {
        let mut faults = FAULTS;
        fastrand::shuffle(&mut faults);
        for fault in faults {
            play.suffer(fault).await;
        }
    }
    play.come_to_an_end(writers).await;
    for reader in readers {
        within("the readers to end", reader).await.expect("no reader fails");
    }
    let history = play.look().await;
    let count = |is_it: fn(&Record) -> bool| history.iter().filter(|record| is_it(record)).count();
    let counts = [
        ("receipts", count(|record| matches!(record, Record::Queued(..)))),
        ("events", count(|record| matches!(record, Record::Sent(_)))),
        ("ends of tasks", count(|record| matches!(record, Record::Ended { .. }))),
        ("versions told", count(|record| matches!(record, Record::Told(..)))),
        ("events told", count(|record| matches!(record, Record::Got(..)))),
        ("stayed", count(|record| matches!(record, Record::Stayed(_)))),
    ];
    eprintln!("{counts:?}");
    let flaws = flaws(&history);
    if !flaws.is_empty() {
        let path = std::env::temp_dir().join(format!("ssectl-history-{}", std::process::id()));
        let lines = history.iter().map(|record| format!("{record:?}\n")).collect::<String>();
        std::fs::write(&path, lines).expect("a history can be written");
        panic!("{flaws:#?}\nin {}", path.display());
    }
    assert!(counts.iter().all(|(_, count)| *count > 0), "too little happened: {counts:?}");
}

impl Play {
    fn all(&self, act: fn(std::net::SocketAddr) -> Act) {
        for stage in self.stages.iter().rev() {
            stage.set(act(self.members.at(stage.member).public));
        }
    }

    /// Does it to somebody, makes it good after a while, and waits until it is.
    async fn suffer(&mut self, fault: Fault) {
        eprintln!("{fault:?}");
        let member = fastrand::usize(..NAMES.len());
        let server = fastrand::usize(..self.members.nats.count());
        match fault {
            Fault::MemberKilled => {
                self.stages[member].set(Act::Down);
                self.members.kill(member).await;
                self.stages[member].saw(Record::Killed);
                life().await;
                self.members.revive(member).await;
            }
            Fault::MemberStopped => {
                self.stages[member].set(Act::Down);
                self.members.stop(member).await;
                life().await;
                self.members.revive(member).await;
            }
            Fault::MemberHeld => {
                self.members.at(member).signal("STOP").await;
                life().await;
                self.members.at(member).signal("CONT").await;
            }
            Fault::MemberCutOff => {
                self.members.cut(member);
                life().await;
                self.members.mend(member);
            }
            Fault::ServerKilled => self.without_server(server).await,
            Fault::LeaderKilled => {
                let leader = self.members.nats.leader("ssectl_ssectl_log").await;
                self.without_server(leader).await;
            }
            Fault::ServerStopped => {
                self.members.nats.stop(server).await;
                life().await;
                self.members.nats.revive(server);
            }
            Fault::ServerHeld => {
                self.members.nats.hold(server).await;
                life().await;
                self.members.nats.release(server).await;
            }
        }
        self.members.nats.until_whole().await;
        for daemon in self.members.all() {
            until_well(daemon).await;
        }
        self.stages[member].set(Act::Up(self.members.at(member).public));
        life().await;
    }

    async fn without_server(&mut self, server: usize) {
        self.members.nats.kill(server).await;
        life().await;
        self.members.nats.revive(server);
    }

    /// Lets everyone have one more turn, waits until all is told, and stops the members.
    async fn come_to_an_end<T: Send + 'static>(&mut self, writers: tokio::task::JoinHandle<T>) {
        until("all readers to be connected", async || {
            let mut connected = 0;
            for daemon in self.members.all() {
                connected += daemon.connected().await.len();
            }
            (connected == READERS).then_some(())
        })
        .await;
        self.all(Act::Last);
        within("the writers to end", writers).await.expect("no writer fails");
        for daemon in self.members.all() {
            until("all tasks to have ended", async || {
                let tasks = tasks(daemon).await;
                tasks
                    .iter()
                    .all(|task| !["pending", "running"].contains(&text(&task["status"])))
                    .then_some(())
            })
            .await;
        }
        for daemon in self.members.all() {
            // Whoever has dispatched this has dispatched all before it.
            daemon
                .tell("/v1/events", &json!({"name": "over", "data": 0, "request_id": "nobody"}))
                .await
                .expect(200);
        }
        for stage in &self.stages {
            stage.set(Act::Over);
        }
        for member in 0..NAMES.len() {
            self.members.stop(member).await;
        }
    }

    /// Records what is left after the last run, and repeats every order. Returns all that was recorded.
    async fn look(mut self) -> Vec<Record> {
        for stage in &self.stages {
            self.members.revive(stage.member).await;
        }
        for stage in &self.stages {
            let daemon = self.members.at(stage.member);
            until_well(daemon).await;
            let pending = daemon.ask("/v1/versions/current").await;
            let version =
                (pending.status == 200).then(|| text(&pending.json()["item"]["version"]).to_owned());
            stage.saw(Record::Pending(version));
            for task in tasks(daemon).await {
                let (id, status) = (text(&task["task_id"]).to_owned(), text(&task["status"]).to_owned());
                stage.saw(Record::Listed { id, status });
            }
        }
        for record in self.stages[0].history() {
            if let Record::Asking(version) = record {
                let stage = fastrand::choice(&self.stages).expect("there is one");
                let daemon = self.members.at(stage.member);
                let receipt = daemon.queue(json!({"version": version, "key": version})).await;
                let place = receipt["sequence"].as_u64().expect("a receipt has a place");
                stage.saw(Record::Queued(version, place, stage.member));
            }
        }
        self.members.end().await;
        self.stages[0].history()
    }
}

/// For so long something is as it is.
async fn life() {
    sleep(Duration::from_millis(fastrand::u64(100..1500))).await;
}

async fn tasks(daemon: &Daemon) -> Vec<Value> {
    let list = daemon.ask("/v1/tasks?limit=1000").await.expect(200).json();
    list["items"].as_array().expect("a list").clone()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}
