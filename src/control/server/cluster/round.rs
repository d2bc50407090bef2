//! One question to every member, and what comes back.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{Uri, header::CONTENT_LENGTH, request::Parts},
    middleware::Next,
    response::Response,
};
use futures_util::future::{join, join_all};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::LIMIT;
use crate::{
    access::Caller,
    control::{
        operations::Operation,
        server::{Shared, failure::Rejected},
        types::{ApiError, ErrorCode, Failure},
    },
    fleet::{Fleet, OTHERS, Question, Unanswered},
};

/// The largest answer of this daemon that is read.
const MAX_ANSWER: usize = 256 * 1024 * 1024;

const LOOK: &str = "see who answers: ssectl members list";

/// What is asked of all members, by whom.
pub(super) struct Round {
    pub(super) services: Shared,
    pub(super) fleet: Arc<dyn Fleet>,
    pub(super) operation: &'static Operation,
    pub(super) caller: Caller,
    pub(super) head: Parts,
    pub(super) body: Bytes,
    /// Answers here.
    pub(super) next: Next,
}

/// What one member said.
pub(super) struct Heard {
    pub(super) member: String,
    /// When it was asked, and when it had answered, on this daemon's clock.
    pub(super) between: (Timestamp, Timestamp),
    pub(super) said: Result<Value, Unsaid>,
}

/// Why a member said nothing that can be part of an answer.
pub(super) enum Unsaid {
    /// It refused.
    Refused(ApiError),
    /// It did not answer.
    Unanswered(Unanswered),
}

/// What those said that answered, and who did not.
pub(super) struct Answers {
    pub(super) said: Vec<(String, Value)>,
    pub(super) unanswered: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl Round {
    /// Returns the path that is asked for.
    pub(super) fn path(&self) -> &str {
        self.head.uri.path()
    }

    /// Returns the pairs of the query, without those of these names.
    pub(super) fn query_without(&self, names: &[&str]) -> String {
        let query = self.head.uri.query().unwrap_or_default();
        let name = |pair: &str| pair.split('=').next().unwrap_or_default().to_owned();
        let kept = query.split('&').filter(|pair| !pair.is_empty() && !names.contains(&&*name(pair)));
        kept.collect::<Vec<_>>().join("&")
    }

    /// Returns the value of a name in the query.
    pub(super) fn asked(&self, name: &str) -> Option<&str> {
        let query = self.head.uri.query().unwrap_or_default();
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    /// Returns the path with a query.
    pub(super) fn target(&self, query: &str) -> String {
        if query.is_empty() { self.path().to_owned() } else { format!("{}?{query}", self.path()) }
    }

    /// Answers as this daemon alone does.
    pub(super) async fn here(&self) -> Response {
        self.run(&self.target(&self.query_without(&["cluster"])), self.body.clone()).await
    }

    async fn run(&self, target: &str, body: Bytes) -> Response {
        let mut head = self.head.clone();
        if let Ok(uri) = target.parse::<Uri>() {
            head.uri = uri;
        }
        head.headers.remove(CONTENT_LENGTH);
        self.next.clone().run(Request::from_parts(head, Body::from(body))).await
    }

    /// Asks everyone the same.
    pub(super) async fn ask(&self, query: &str) -> Vec<Heard> {
        self.ask_each(query, |_| self.body.clone()).await
    }

    /// Asks everyone, each with its own body; this daemon's answer comes first.
    pub(super) async fn ask_each(&self, query: &str, body: impl Fn(&str) -> Bytes) -> Vec<Heard> {
        let target = self.target(query);
        let me = self.fleet.me().to_owned();
        let own = self.hear_here(&target, body(&me));
        let others = self.others();
        let others =
            others.iter().map(|name| self.hear(name, self.operation.method.name(), &target, body(name)));
        let (own, others) = join(own, join_all(others)).await;
        [own].into_iter().chain(others).chain(self.unheard()).collect()
    }

    /// Returns what stands for those of whom nothing is known.
    pub(super) fn unheard(&self) -> Option<Heard> {
        let now = self.services.clock.now();
        let said = Err(Unsaid::Unanswered(Unanswered::Unheard));
        (!self.fleet.link().heard).then(|| Heard { member: OTHERS.to_owned(), between: (now, now), said })
    }

    /// Returns the names of the other members.
    pub(super) fn others(&self) -> Vec<String> {
        let me = self.fleet.me();
        self.fleet.members().into_iter().map(|member| member.name).filter(|name| name != me).collect()
    }

    async fn hear_here(&self, target: &str, body: Bytes) -> Heard {
        let asked = self.services.clock.now();
        let response = self.run(target, body).await;
        let status = response.status().as_u16();
        let said = match to_bytes(response.into_body(), MAX_ANSWER).await {
            Ok(bytes) => understood(status, &bytes),
            Err(error) => Err(Unsaid::Unanswered(Unanswered::Broken(error.to_string()))),
        };
        Heard { member: self.fleet.me().to_owned(), between: (asked, self.services.clock.now()), said }
    }

    /// Asks another member.
    pub(super) async fn hear(&self, member: &str, method: &str, target: &str, body: Bytes) -> Heard {
        let asked = self.services.clock.now();
        let question = self.question(method, target, body);
        let said = match whole(&*self.fleet, member, question).await {
            Ok((status, bytes)) => understood(status, &bytes),
            Err(why) => Err(Unsaid::Unanswered(why)),
        };
        Heard { member: member.to_owned(), between: (asked, self.services.clock.now()), said }
    }

    pub(super) fn question(&self, method: &str, target: &str, body: Bytes) -> Question {
        Question {
            method: method.to_owned(),
            target: target.to_owned(),
            body,
            caller: self.caller.pass(self.fleet.me()),
            patience: LIMIT,
            limit: LIMIT,
        }
    }
}

/// Asks a member something, and returns the status and all of the answer.
async fn whole(fleet: &dyn Fleet, member: &str, question: Question) -> Result<(u16, Bytes), Unanswered> {
    let until = Instant::now() + question.limit;
    let late = Unanswered::Late(question.limit);
    let answer = fleet.ask(member, question).await?;
    let status = answer.status;
    let whole = tokio::time::timeout_at(until, answer.whole()).await.unwrap_or(Err(late))?;
    Ok((status, whole))
}

fn understood(status: u16, bytes: &[u8]) -> Result<Value, Unsaid> {
    let unclear = |error: serde_json::Error| Unsaid::Unanswered(Unanswered::Broken(error.to_string()));
    if (200..300).contains(&status) {
        return serde_json::from_slice(bytes).map_err(unclear);
    }
    Err(serde_json::from_slice::<Failure>(bytes)
        .map_or_else(unclear, |failure| Unsaid::Refused(failure.error)))
}

impl Answers {
    /// Sorts what was heard. Fails as this daemon does where the question is wrong, and where nobody has an answer.
    /// Those for whom the thing does not exist have answered.
    pub(super) fn of(heard: Vec<Heard>) -> Result<Self, Rejected> {
        let mut answers = Self { said: Vec::new(), unanswered: Vec::new(), warnings: Vec::new() };
        let mut first = None;
        for (place, Heard { member, said, .. }) in heard.into_iter().enumerate() {
            match said {
                Ok(value) => answers.said.push((member, value)),
                Err(Unsaid::Refused(error)) if place == 0 && error.code == ErrorCode::Invalid => {
                    return Err(Rejected(error));
                }
                Err(Unsaid::Refused(error)) => {
                    if error.code != ErrorCode::NotFound {
                        answers.miss(&member, &error.message);
                    }
                    first.get_or_insert(error);
                }
                Err(Unsaid::Unanswered(why)) => answers.miss(&member, &why.to_string()),
            }
        }
        if !answers.said.is_empty() {
            return Ok(answers);
        }
        Err(answers.nothing(first))
    }

    fn miss(&mut self, member: &str, why: &str) {
        self.warnings.push(format!("{member}: {why}"));
        self.unanswered.push(member.to_owned());
    }

    /// Adds who did not answer another time, and why, each once.
    pub(super) fn misses(&mut self, unanswered: Vec<String>, warnings: Vec<String>) {
        for (all, more) in [(&mut self.unanswered, unanswered), (&mut self.warnings, warnings)] {
            let new: Vec<_> = more.into_iter().filter(|one| !all.contains(one)).collect();
            all.extend(new);
        }
    }

    /// Returns what to say where nobody has an answer: who did not answer may have it.
    fn nothing(&self, first: Option<ApiError>) -> Rejected {
        match first {
            Some(error) if self.unanswered.is_empty() => Rejected(error),
            Some(error) if error.code == ErrorCode::NotFound => {
                let message = format!("{}, as far as members of the cluster answered", error.message);
                Rejected::new(ErrorCode::Refused, message).cause(&self.warnings.join("; ")).hint(LOOK)
            }
            Some(error) => Rejected(error),
            None => Rejected::new(ErrorCode::Refused, "no member of the cluster answered")
                .cause(&self.warnings.join("; "))
                .hint(LOOK),
        }
    }

    /// Returns the warnings of all of them, each once.
    fn all_warnings(&self) -> Vec<String> {
        let mut told: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (member, value) in &self.said {
            for warning in value["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                told.entry(warning).or_default().push(member);
            }
        }
        let named = |(warning, members): (&str, Vec<&str>)| match members.len() == self.said.len() {
            true => warning.to_owned(),
            false => format!("{}: {warning}", members.join(", ")),
        };
        told.into_iter().map(named).chain(self.warnings.clone()).collect()
    }

    /// Returns the envelope of the first answer around what all of them come to, `item` or `items`.
    pub(super) fn envelope(&self, name: &str, content: Value, total: Option<usize>) -> Value {
        let first = self.said.first().map_or(&Value::Null, |(_, value)| value);
        let mut whole = json!({ "schema": first["schema"], "schema_version": first["schema_version"] });
        whole[name] = content;
        if let Some(total) = total {
            whole["total"] = total.into();
        }
        whole["warnings"] = self.all_warnings().into();
        if !self.unanswered.is_empty() {
            whole["unanswered"] = self.unanswered.clone().into();
        }
        whole
    }
}
