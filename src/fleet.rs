//! The other daemons of a cluster, as this one sees them: who they are, and how they are asked. Over what they are
//! reached is the business of whoever implements [`Fleet`].

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{
    StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};

use jiff::Timestamp;

use crate::access::Passed;
pub use crate::control::types::{Member, MemberState};

/// The largest answer that is read as a whole.
const MAX_ANSWER: usize = 256 * 1024 * 1024;

/// The members of a cluster.
pub trait Fleet: Send + Sync {
    /// Returns the cluster's name.
    fn name(&self) -> &str;

    /// Returns what this daemon is called in it.
    fn me(&self) -> &str;

    /// Returns how the way to the others is.
    fn link(&self) -> Link;

    /// Returns what is wrong with this daemon as a member, if anything is.
    fn trouble(&self) -> Option<String> {
        None
    }

    /// Returns the members that were heard of of late, this one among them, by name. One that stopped in order is none.
    fn members(&self) -> Vec<Member>;

    /// Asks a member how it is at this moment; `None`: it does not say so in time.
    fn ping(&self, member: &str, patience: Duration) -> BoxFuture<'static, Option<Member>>;

    /// Asks a member something, within the question's patience. It is given up when the answer is dropped, also half-way.
    fn ask(&self, member: &str, question: Question) -> BoxFuture<'static, Result<Answer, Unanswered>>;
}

/// How the way to other members is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// They can be reached, as far as is known.
    pub connected: bool,
    /// Why not, where that lasts until somebody mends it.
    pub refusal: Option<String>,
    /// What all share can be read and written, as far as is known: that takes a majority of the servers.
    pub answers: bool,
    /// It is known who they are: that was heard of late.
    pub heard: bool,
    /// The version of the server that it goes over.
    pub server: Option<String>,
    /// How many copies that keeps of what it is given.
    pub replicas: Option<usize>,
}

/// Something of the control API that a member is asked, on behalf of a caller.
#[derive(Clone, Debug)]
pub struct Question {
    /// `GET` or `POST`.
    pub method: String,
    /// Path and query, as they are asked for on the control socket.
    pub target: String,
    /// What is sent with it.
    pub body: Bytes,
    /// Who asks.
    pub caller: Passed,
    /// How long the question may take to be taken,
    pub patience: Duration,
    /// and how long the beginning of the answer may take from when it was asked.
    pub limit: Duration,
}

/// What a member answers.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The type of its content.
    pub form: String,
    /// Its content, piece by piece. A piece that is none is the last: the answer broke off.
    pub body: BoxStream<'static, Result<Bytes, Unanswered>>,
}

/// What members are called of which not even the name is known.
pub const OTHERS: &str = "(others)";

/// Why a member did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// Nobody is there: it was not asked.
    #[error("it is not there")]
    Gone,
    /// The way to it is cut off here: it was not asked.
    #[error("other members cannot be reached from here: {0}")]
    CutOff(String),
    /// Which members there are is not known: none was asked.
    #[error("which other members there are is not known: nothing is heard of members over NATS")]
    Unheard,
    /// The question is too large for the way.
    #[error("the question has {0} bytes, which is too large to be passed on")]
    TooLarge(usize),
    /// It did not take the question in time, and will not any more.
    #[error("it did not answer within {0:?}")]
    Silent(Duration),
    /// It took the question, and did not answer in time.
    #[error("it did not answer within {0:?}")]
    Late(Duration),
    /// Its answer broke off, or is none.
    #[error("its answer broke off: {0}")]
    Broken(String),
}

/// Returns how far a clock is ahead, in milliseconds, that showed `then` between two moments of ours: what the way there
/// and back does not explain.
pub fn ahead(then: Timestamp, (asked, answered): (Timestamp, Timestamp)) -> i64 {
    let after = then.as_millisecond() - answered.as_millisecond();
    let before = then.as_millisecond() - asked.as_millisecond();
    if after > 0 { after } else { before.min(0) }
}

impl Unanswered {
    /// Returns whether it is certain that the member did nothing.
    pub fn was_asked_nothing(&self) -> bool {
        !matches!(self, Self::Late(_) | Self::Broken(_))
    }
}

impl Answer {
    /// Returns an answer that is there as a whole.
    pub fn of(status: u16, form: &str, body: Bytes) -> Self {
        Self { status, form: form.to_owned(), body: stream::iter([Ok(body)]).boxed() }
    }

    /// Returns the content as a whole.
    pub async fn whole(mut self) -> Result<Bytes, Unanswered> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.body.next().await {
            whole.extend_from_slice(&piece?);
            if whole.len() > MAX_ANSWER {
                return Err(Unanswered::Broken(format!("it has more than {MAX_ANSWER} bytes")));
            }
        }
        Ok(whole.freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_off_by_what_the_way_does_not_explain() {
        let at = |ms| Timestamp::from_millisecond(ms).expect("valid");
        for (then, offset) in [(1500, 0), (1000, 0), (2000, 0), (2300, 300), (400, -600)] {
            assert_eq!(ahead(at(then), (at(1000), at(2000))), offset, "{then}");
        }
    }

    #[tokio::test]
    async fn an_answer_that_broke_off_is_none() {
        let broken = Unanswered::Broken("gone".into());
        let body = stream::iter([Ok(Bytes::from_static(b"{")), Err(broken.clone())]).boxed();
        assert_eq!(Answer { status: 200, form: String::new(), body }.whole().await, Err(broken));
        assert_eq!(
            Answer::of(200, "", Bytes::from_static(b"{}")).whole().await,
            Ok(Bytes::from_static(b"{}"))
        );
    }
}
