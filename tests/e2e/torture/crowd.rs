//! Who plays: writers at the real command, readers on real streams, and a gateway whose connections stay.

use serde_json::Value;

use super::{
    history::Record,
    stage::{Act, Choice, Stage},
};
use crate::fakes::{
    browser::{Browser, Item},
    gateway::Gateway,
};

/// Queues one version after another, some of them twice.
pub async fn queue_versions(choice: Choice, name: &'static str) {
    for number in 0.. {
        let last = matches!(choice.act(), Act::Last(_));
        let version = format!("{name}-{number}");
        choice.saw(Record::Asking(version.clone()));
        for _ in 0..1 + usize::from(number % 4 == 0) {
            let (member, code, receipt) = choice.insist(&["version", "queue", &version], &version).await;
            assert_eq!(code, 0, "{receipt}");
            let place = receipt["sequence"].as_u64().expect("a receipt has a place");
            choice.saw(Record::Queued(version.clone(), place, member));
        }
        if last {
            return;
        }
    }
}

/// Sends one event after another: to everyone, and to each of these readers. None is sent twice.
pub async fn send_events(choice: Choice, readers: &[&str]) {
    for number in 0.. {
        let last = matches!(choice.act(), Act::Last(_));
        let Some((stage, _)) = choice.up().await else { return };
        let (event, to) = (format!("event-{number}"), readers.get(number % (readers.len() + 1)));
        let data = format!("{event:?}");
        let order =
            [&["event", "send", "news", &data][..], &to.map_or(vec![], |to| vec!["--request-id", to])];
        choice.saw(Record::Sending(event.clone(), to.map(|to| (*to).to_owned())));
        let output = stage.cli.run(&order.concat()).await;
        assert!([0, 1, 4, 7].contains(&output.code), "{output:?}");
        if output.code == 0 {
            choice.saw(Record::Sent(event));
        }
        if last {
            return;
        }
    }
}

/// Creates tasks and reports them to their end, and starts some that the daemon runs.
pub async fn report_tasks(stage: Stage) {
    for number in 0.. {
        let act = stage.act();
        let last = matches!(act, Act::Last(_));
        let key = format!("task-{}-{number}", stage.member);
        if number % 2 == 0 {
            report_one(&stage, &key, number % 4 == 0).await;
        } else {
            create(&stage, &["task", "start", "demo", "--param", "steps=3", "--param", "delay=0.02"], &key)
                .await;
        }
        if last {
            return;
        }
        // A daemon lists a thousand: not more than one while it is up, or down.
        stage.change_from(act).await;
    }
}

async fn create(stage: &Stage, arguments: &[&str], key: &str) -> String {
    stage.saw(Record::AskingTask(key.to_owned()));
    let (_, code, receipt) = Choice(vec![stage.clone()]).insist(arguments, key).await;
    assert_eq!(code, 0, "{receipt}");
    let id = receipt["task_id"].as_str().expect("a receipt names the task").to_owned();
    stage.saw(Record::Created { key: key.to_owned(), id: id.clone() });
    id
}

async fn report_one(stage: &Stage, key: &str, well: bool) {
    let id = create(stage, &["task", "create", "--name", key], key).await;
    // Not an order: it may get lost.
    stage.cli.run(&["task", "progress", &id, "--percent", "50"]).await;
    let end: &[&str] =
        if well { &["task", "complete", &id] } else { &["task", "fail", &id, "--error", "out of paper"] };
    match Choice(vec![stage.clone()]).insist(end, &format!("{key}-end")).await {
        (_, 0, receipt) => {
            let status = receipt["status"].as_str().expect("a receipt says how it ended").to_owned();
            stage.saw(Record::Ended { id, status });
        }
        (_, 3, _) => stage.saw(Record::Missing(id)),
        // It ended otherwise: its reporter was taken for lost.
        (_, 6, _) => {}
        other => panic!("{other:?}"),
    }
}

/// Keeps a stream open as a browser does: whenever it ends, by another one.
pub async fn read(choice: Choice, name: impl Into<String>) {
    let name = name.into();
    for number in 0.. {
        let Some((stage, to)) = choice.up().await else { return };
        let who = format!("{name}-{number}");
        stage.saw(Record::Opening(who.clone(), stage.member));
        let Some(mut browser) = Browser::attempt(to, &name).await else { continue };
        stage.saw(Record::Opened(who.clone()));
        while let Some(item) = browser.next_item().await {
            let Item::Event(event) = item else { continue };
            let place = event.id.rsplit('-').next().and_then(|number| number.parse().ok());
            match event.name.as_str() {
                "bye" => {
                    assert_eq!(event.json()["reason"], "shutdown");
                    if stage.act() == Act::Over {
                        stage.saw(Record::Stayed(who.clone()));
                    }
                }
                name => {
                    match place {
                        Some(place) => stage.saw(Record::Numbered(who.clone(), place)),
                        // What a newcomer is to know first.
                        None => assert!(event.id.is_empty(), "{event:?}"),
                    }
                    note(stage, &who, name, &event.json(), &event.data);
                }
            }
        }
    }
}

fn note(stage: &Stage, who: &str, name: &str, data: &Value, text: &str) {
    let who = who.to_owned();
    match name {
        "version" => {
            let version = data["version"].as_str().expect("a version event has a version");
            stage.saw(Record::Told(who, version.to_owned()));
        }
        "task_event" => {
            let id = data["task_id"].as_str().expect("a task event has an id").to_owned();
            let ends = matches!(data["event_type"].as_str(), Some("task_completed" | "task_failed"));
            stage.saw(Record::Heard { who, id, end: ends.then(|| text.to_owned()) });
        }
        "news" => stage.saw(Record::Got(who, data.as_str().expect("text").to_owned())),
        other => panic!("{other}: {data}"),
    }
}

/// The gateway's connections, which outlive the daemon.
pub struct Held {
    pub gateway: Gateway,
    tokens: Vec<String>,
    opened: usize,
    noted: usize,
}

impl Held {
    pub async fn new() -> Self {
        Self { gateway: Gateway::start().await, tokens: Vec::new(), opened: 0, noted: 0 }
    }

    /// A browser comes to the gateway; when there are many, another one leaves it. Either may go unnoticed.
    pub async fn come_and_go(&mut self, stage: &Stage) {
        let Some(daemon) = stage.up().await else { return };
        self.opened += 1;
        let token = format!("token-{}", self.opened);
        stage.saw(Record::Opening(token.clone(), stage.member));
        if self.gateway.attempt(daemon, &token, &token).await {
            stage.saw(Record::Opened(token.clone()));
            self.tokens.push(token);
        }
        if self.tokens.len() > 20 {
            let token = self.tokens.remove(self.tokens.len() / 2);
            self.gateway.leave(daemon, &token, &token).await;
        }
    }

    /// Records what came since the last time.
    pub fn catch_up(&mut self, stage: &Stage) {
        let sent = self.gateway.sent();
        for sent in &sent[self.noted..] {
            if let Some(name) = sent.name() {
                let text = sent.body["event"]["data"].as_str().expect("data is text");
                note(stage, &sent.token, name, &sent.data(), text);
            }
        }
        self.noted = sent.len();
    }

    /// Records who is still there.
    pub fn stayed(&self, stage: &Stage) {
        for token in &self.tokens {
            stage.saw(Record::Stayed(token.clone()));
        }
    }
}
