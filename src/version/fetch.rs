//! The version that the frontend itself tells, fetched on connect when nothing is pending.

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "servers of tests end with their runtime")]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::{
    event::JsonLine,
    metrics::Metrics,
    outbound::{self, InvalidUrl},
};

/// For the whole exchange, from the name's resolution to the last byte.
const LIMIT: Duration = Duration::from_secs(2);
/// How long an answer, or the lack of one, holds for newcomers.
const FRESH: Duration = Duration::from_secs(5);
/// The largest document that is read.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// A document with a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fetched {
    /// Its `version`.
    pub(super) version: String,
    /// The whole of it.
    pub(super) document: JsonLine,
}

type Answer = Option<Arc<Fetched>>;
type Ask = Box<dyn Fn() -> BoxFuture<'static, Answer> + Send + Sync>;

/// Fetches the frontend's version: one request under way however many ask, and a short memory.
pub struct FrontendVersion {
    ask: Ask,
    state: Mutex<State>,
}

#[derive(Default)]
enum State {
    #[default]
    Idle,
    UnderWay(Shared<BoxFuture<'static, Answer>>),
    Known(Answer, Instant),
}

impl FrontendVersion {
    /// Returns a fetcher of this URL; nothing is fetched yet.
    pub fn new(url: &str, metrics: Arc<Metrics>) -> Result<Self, InvalidUrl> {
        let url = outbound::parse(url)?;
        let client = outbound::client(&url, LIMIT, |builder| builder)?;
        Ok(Self::asking(Box::new(move || {
            let (client, url, metrics) = (client.clone(), url.clone(), Arc::clone(&metrics));
            async move { report(&shown(&url), fetch(&client, url).await, &metrics) }.boxed()
        })))
    }

    /// Returns a fetcher that asks a function.
    pub(super) fn asking(ask: Ask) -> Self {
        Self { ask, state: Mutex::default() }
    }

    /// Returns what the frontend tells, if it tells anything usable.
    pub(super) async fn get(&self) -> Answer {
        self.get_fresh(FRESH).await
    }

    /// The same, not older than this.
    pub(super) async fn get_fresh(&self, age: Duration) -> Answer {
        let under_way = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            match &*state {
                State::Known(answer, at) if at.elapsed() < age => return answer.clone(),
                State::UnderWay(shared) => shared.clone(),
                State::Idle | State::Known(..) => {
                    let shared = (self.ask)().shared();
                    *state = State::UnderWay(shared.clone());
                    shared
                }
            }
        };
        let answer = under_way.clone().await;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(&*state, State::UnderWay(shared) if shared.ptr_eq(&under_way)) {
            *state = State::Known(answer.clone(), Instant::now());
        }
        answer
    }

    /// Returns the version that was fetched last, however long ago.
    pub(super) fn last(&self) -> Option<String> {
        match &*self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Known(answer, _) => answer.as_ref().map(|fetched| fetched.version.clone()),
            State::Idle | State::UnderWay(_) => None,
        }
    }
}

/// Why there is no usable answer. Never holds the URL.
#[derive(Debug, PartialEq, Eq)]
enum Failure {
    TimedOut,
    Unreachable(String),
    Status(u16),
    TooLarge,
    NotUsable(&'static str),
}

impl Failure {
    fn label(&self) -> &'static str {
        match self {
            Self::TimedOut => "time_out",
            Self::Unreachable(_) => "unreachable",
            Self::Status(_) => "status",
            Self::TooLarge | Self::NotUsable(_) => "invalid",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => write!(f, "no complete answer within {LIMIT:?}"),
            Self::Unreachable(why) => f.write_str(why),
            Self::Status(code) => write!(f, "it answered {code}"),
            Self::TooLarge => write!(f, "the document is larger than {MAX_BODY_BYTES} bytes"),
            Self::NotUsable(why) => f.write_str(why),
        }
    }
}

fn report(url: &str, outcome: Result<Fetched, Failure>, metrics: &Metrics) -> Answer {
    match outcome {
        Ok(fetched) => {
            metrics.version_fetched("ok");
            Some(Arc::new(fetched))
        }
        Err(failure) => {
            metrics.version_fetched(failure.label());
            tracing::warn!(url, error = %failure, "no frontend version could be fetched; newcomers are told none");
            None
        }
    }
}

async fn fetch(client: &reqwest::Client, url: reqwest::Url) -> Result<Fetched, Failure> {
    let document = async {
        let mut response = client.get(url).send().await.map_err(|error| unreachable(&error))?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(Failure::Status(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                return Err(Failure::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    };
    let body = tokio::time::timeout(LIMIT, document).await.map_err(|_| Failure::TimedOut)??;
    read(&body)
}

fn read(body: &[u8]) -> Result<Fetched, Failure> {
    let text = std::str::from_utf8(body).map_err(|_| Failure::NotUsable("the document is not UTF-8"))?;
    let fields: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| Failure::NotUsable("the document is no JSON object"))?;
    let document = JsonLine::compact(text).map_err(|_| Failure::NotUsable("the document is no JSON"))?;
    match fields.get("version").and_then(Value::as_str) {
        Some(version) if !version.is_empty() => Ok(Fetched { version: version.to_owned(), document }),
        _ => Err(Failure::NotUsable("the document has no string \"version\"")),
    }
}

fn unreachable(error: &reqwest::Error) -> Failure {
    if error.is_timeout() { Failure::TimedOut } else { Failure::Unreachable(outbound::reason(error)) }
}

/// Returns the URL without what may be secret.
fn shown(url: &reqwest::Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}
