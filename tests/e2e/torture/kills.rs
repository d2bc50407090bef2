//! The loop: a daemon that is killed at random points, and what is observed meanwhile.

use std::{process::Stdio, time::Duration};

use serde_json::{Value, json};
use tokio::{process::Command, time::sleep};

use super::{
    crowd::{self, Held},
    history::Record,
    liar::{self, Lie},
    stage::{Act, Choice, Stage},
};
use crate::harness::{Daemon, Home, within};

/// How often, and what is killed.
pub struct Kills {
    pub times: usize,
    /// The bug that is planted, if one is.
    pub lie: Option<Lie>,
    /// The connections, if a gateway holds them; else browsers come to the daemon.
    pub held: Option<Held>,
}

impl Kills {
    /// Plays it to its end. Returns what was observed, and how many orders had an unknown outcome.
    pub async fn play(mut self) -> (Vec<Record>, usize) {
        let mut home = Home::new();
        let stage = Stage::new(home.cli());
        let choice = Choice(vec![stage.clone()]);
        let has_browsers = self.held.is_none();
        let writers = tokio::spawn({
            let (choice, stage) = (choice.clone(), stage.clone());
            async move {
                tokio::join!(
                    crowd::queue_versions(choice.clone(), "a"),
                    crowd::queue_versions(choice.clone(), "b"),
                    crowd::report_tasks(stage),
                    async {
                        // What a gateway was not sent before a crash, nobody sends.
                        if has_browsers {
                            crowd::send_events(choice, &["x", "y", "z"]).await;
                        }
                    },
                )
            }
        });
        let readers = has_browsers.then(|| {
            let choice = choice.clone();
            tokio::spawn(async move {
                tokio::join!(
                    crowd::read(choice.clone(), "x"),
                    crowd::read(choice.clone(), "y"),
                    crowd::read(choice, "z"),
                )
            })
        });
        for _ in 0..self.times {
            home = self.run_and_kill(home, &stage).await;
        }
        let daemon = self.start(home).await;
        stage.set(Act::Up(self.door(&daemon)));
        if readers.is_some() {
            daemon.until_connected(3).await;
        }
        stage.set(Act::Last(self.door(&daemon)));
        within("the writers to end", writers).await.expect("no writer fails");
        stage.set(Act::Over);
        // The shutdown waits for all that is yet to be told.
        let home = daemon.stop().await;
        if let Some(held) = &mut self.held {
            held.catch_up(&stage);
            held.stayed(&stage);
        }
        if let Some(readers) = readers {
            within("the readers to end", readers).await.expect("no reader fails");
        }
        self.look(home, &stage).await;
        (stage.history(), stage.unknown())
    }

    async fn run_and_kill(&mut self, home: Home, stage: &Stage) -> Home {
        let mut random = fastrand::Rng::new();
        if random.u8(..4) == 0 {
            self.kill_while_it_starts(&home, Duration::from_millis(random.u64(..60))).await;
            self.killed(stage).await;
        }
        let daemon = self.start(home).await;
        stage.set(Act::Up(self.door(&daemon)));
        let life = sleep(Duration::from_millis(random.u64(..250)));
        match &mut self.held {
            Some(held) => {
                tokio::join!(life, held.come_and_go(stage));
            }
            None => life.await,
        }
        stage.set(Act::Down);
        let home = daemon.kill().await;
        self.killed(stage).await;
        home
    }

    async fn kill_while_it_starts(&self, home: &Home, after: Duration) {
        let mut child = self
            .command(home)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("ssectld can be run");
        sleep(after).await;
        child.kill().await.expect("it can be killed");
    }

    async fn start(&self, home: Home) -> Daemon {
        let command = self.command(&home);
        home.start_command(command).await
    }

    fn command(&self, home: &Home) -> Command {
        let mut settings = vec!["shutdown.spread=0s".to_owned(), "shutdown.grace=5s".to_owned()];
        settings.extend(self.held.iter().flat_map(|held| held.gateway.settings()));
        let settings: Vec<_> = settings.iter().map(String::as_str).collect();
        let real = home.command(&settings);
        match self.lie {
            Some(lie) => liar::instead(&real, lie),
            None => real,
        }
    }

    async fn killed(&mut self, stage: &Stage) {
        if let Some(held) = &mut self.held {
            held.gateway.left_alone().await;
            held.catch_up(stage);
        }
        stage.saw(Record::Killed);
    }

    fn door(&self, daemon: &Daemon) -> std::net::SocketAddr {
        if self.held.is_some() { daemon.internal } else { daemon.public }
    }

    /// Records what is left after the last run, and repeats every order.
    async fn look(&self, home: Home, stage: &Stage) {
        let daemon = self.start(home).await;
        let pending = daemon.ask("/v1/versions/current").await;
        let version = (pending.status == 200).then(|| text(&pending.json()["item"]["version"]));
        stage.saw(Record::Pending(version));
        let tasks = daemon.ask("/v1/tasks").await.expect(200).json();
        for task in tasks["items"].as_array().expect("a list") {
            stage.saw(Record::Listed { id: text(&task["task_id"]), status: text(&task["status"]) });
        }
        for record in stage.history() {
            if let Record::Asking(version) = record {
                let receipt = daemon.queue(json!({"version": version, "key": version})).await;
                let place = receipt["sequence"].as_u64().expect("a receipt has a place");
                stage.saw(Record::Queued(version, place, stage.member));
            }
        }
        daemon.stop().await;
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}
