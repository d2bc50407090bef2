//! A writer: publishes all kinds of things, for everyone and for one, until it is enough.

use std::path::PathBuf;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::sleep,
};

use super::{
    AGAIN, Play,
    ledger::{Kind, Outcome, Place, Task},
};
use crate::{
    harness::{Response, http, within},
    torture::stage::Act,
};

/// Tasks that a writer has at once.
const TASKS: usize = 3;

/// What came of an order.
enum Answer {
    Came(Response),
    Nobody,
    Silence,
}

/// One writer.
pub struct Writer {
    play: Play,
    writer: usize,
    random: fastrand::Rng,
    /// Running ones: where they were created, and their ids.
    tasks: Vec<(usize, String)>,
    /// Ended ones.
    ended: Vec<String>,
}

impl Writer {
    pub fn new(play: Play, writer: usize, random: fastrand::Rng) -> Self {
        Self { play, writer, random, tasks: Vec::new(), ended: Vec::new() }
    }

    /// Publishes until the last act. Then everyone gets one more.
    pub async fn write(mut self) {
        while !matches!(self.play.stage.act(), Act::Last(_)) {
            let to = (self.random.u8(..3) == 0).then(|| self.random.usize(..self.play.readers));
            match self.random.u8(..10) {
                0 => self.version(to).await,
                1 if self.tasks.len() < TASKS => self.create().await,
                2..=4 if !self.tasks.is_empty() => self.progress().await,
                5 if !self.tasks.is_empty() => self.finish().await,
                6 if self.ended.len() > TASKS => self.forget().await,
                _ => self.plain(to).await,
            }
        }
        while !self.tasks.is_empty() {
            self.finish().await;
        }
        self.plain(None).await;
    }

    async fn plain(&mut self, to: Option<usize>) {
        let place = self.play.ledger.begin(self.writer, to, Kind::Plain);
        let padding = "x".repeat(self.random.usize(..2000));
        let order = json!({
            "name": "n", "data": {"place": place.text(), "padding": padding},
            "request_id": to.map(super::name)
        });
        let answer = self.tell("/v1/events", &order).await;
        self.note(place, answer, |_| String::new());
    }

    async fn version(&mut self, to: Option<usize>) {
        let place = self.play.ledger.begin(self.writer, to, Kind::Version);
        let order = json!({"version": place.text(), "request_id": to.map(super::name)});
        let answer = self.tell("/v1/versions", &order).await;
        self.note(place, answer, |receipt| receipt["item"]["sequence"].to_string());
    }

    async fn create(&mut self) {
        let place = self.play.ledger.begin(self.writer, None, Kind::Start);
        let answer = self.tell("/v1/tasks", &json!({"name": place.text()})).await;
        let id = |receipt: &Value| receipt["item"]["task_id"].as_str().expect("an id").to_owned();
        if let Answer::Came(response) = &answer
            && response.status == 200
        {
            let id = id(&response.json());
            self.play.ledger.task(&id, Some(Task::Running));
            self.tasks.push((place.number, id));
        }
        self.note(place, answer, id);
    }

    async fn progress(&mut self) {
        let (at, id) = self.random.choice(&self.tasks).expect("there is one").clone();
        let place = self.play.ledger.begin(self.writer, None, Kind::Progress(at));
        let order = json!({"text": place.text()});
        let answer = self.tell(&format!("/v1/tasks/{id}/progress"), &order).await;
        self.lose(&id, &answer);
        self.note(place, answer, |_| String::new());
    }

    async fn finish(&mut self) {
        let (at, id) = self.tasks.swap_remove(self.random.usize(..self.tasks.len()));
        let place = self.play.ledger.begin(self.writer, None, Kind::End(at));
        self.play.ledger.task(&id, Some(Task::Changing));
        let (verb, order) = if self.random.bool() {
            ("complete", json!({"result": {"place": place.text()}}))
        } else {
            ("fail", json!({"error": place.text()}))
        };
        let answer = self.tell(&format!("/v1/tasks/{id}/{verb}"), &order).await;
        if matches!(&answer, Answer::Came(response) if response.status == 200) {
            self.play.ledger.task(&id, Some(Task::Ended));
            self.ended.push(id);
        }
        self.note(place, answer, |_| String::new());
    }

    /// Has the daemon forget an ended task.
    async fn forget(&mut self) {
        let id = self.ended.swap_remove(self.random.usize(..self.ended.len()));
        self.play.ledger.task(&id, Some(Task::Changing));
        if let Answer::Came(response) = self.tell(&format!("/v1/tasks/{id}/remove"), &json!({})).await
            && response.status == 200
        {
            self.play.ledger.task(&id, None);
        }
    }

    /// The daemon has ended a task by itself.
    fn lose(&mut self, id: &str, answer: &Answer) {
        if matches!(answer, Answer::Came(response) if [404, 409].contains(&response.status)) {
            self.tasks.retain(|(_, known)| known != id);
            self.play.ledger.task(id, Some(Task::Changing));
        }
    }

    fn note(&self, place: Place, answer: Answer, receipt: impl Fn(&Value) -> String) {
        let outcome = match answer {
            Answer::Came(response) if response.status == 200 => Outcome::Done(receipt(&response.json())),
            Answer::Came(response) => {
                assert!([404, 409, 503].contains(&response.status), "{place:?}: {response:?}");
                Outcome::Refused
            }
            Answer::Nobody => Outcome::Refused,
            Answer::Silence => Outcome::Unknown,
        };
        self.play.ledger.end(place, outcome);
    }

    async fn tell(&self, target: &str, order: &Value) -> Answer {
        let socket: PathBuf = self.play.stage.cli.socket.clone();
        let Ok(mut stream) = UnixStream::connect(socket).await else {
            sleep(AGAIN).await;
            self.play.stage.up().await;
            return Answer::Nobody;
        };
        let json = [("Content-Type", "application/json")];
        let request = http::request("POST", target, &json, order.to_string().as_bytes());
        let mut bytes = Vec::new();
        within("an answer, or the end", async {
            // Whoever is gone in the middle answers nothing.
            let _ = stream.write_all(&request).await;
            let _ = stream.read_to_end(&mut bytes).await;
        })
        .await;
        match http::parse(&bytes) {
            Some(response) => {
                if response.status == 503 {
                    sleep(AGAIN).await;
                }
                Answer::Came(response)
            }
            None => {
                self.play.stage.up().await;
                Answer::Silence
            }
        }
    }
}
