//! The system's users and groups: the only place that asks for them.
//!
//! The kernel tells the user of a process and one of its groups; for the others the database is asked. That may be
//! a server on the network, so a thread of its own waits for it: one that hangs holds up nobody, not even the end
//! of the daemon.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use nix::unistd::{Gid, Group, Uid, User};
use tokio::{sync::oneshot, time::timeout};

/// Questions that may wait.
const QUEUE: usize = 256;
/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(2);

/// This machine knows nobody of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {kind} {name:?}: {why}. Write a user's name or number, or @ and a group's")]
pub struct UnknownName {
    kind: &'static str,
    name: String,
    why: String,
}

/// What a user is called, and the groups it is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Its name, if it has one.
    pub name: Option<Arc<str>>,
    /// Its groups, as far as they are known.
    pub groups: Vec<u32>,
}

struct Question {
    uid: u32,
    gid: u32,
    answer: oneshot::Sender<Account>,
}

/// Looks users up.
#[derive(Debug)]
pub struct Accounts {
    questions: SyncSender<Question>,
}

impl Accounts {
    /// Starts the thread that asks; it ends when this is dropped.
    pub fn start() -> Self {
        let (questions, waiting) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new().name("accounts".to_owned());
        if let Err(error) = thread.spawn(move || answer(&waiting)) {
            tracing::error!(%error, "no thread to look users up: they are known by number only");
        }
        Self { questions }
    }

    /// Returns what is known of a user; little if the database does not answer in time.
    pub async fn find(&self, uid: u32, gid: u32) -> Account {
        let (answer, account) = oneshot::channel();
        // Refused, the question is dropped, and with it whoever would answer.
        let _ = self.questions.try_send(Question { uid, gid, answer });
        match timeout(LIMIT, account).await {
            Ok(Ok(account)) => account,
            _ => {
                tracing::warn!(uid, "the database of users and groups does not answer");
                Account { name: None, groups: vec![gid] }
            }
        }
    }
}

fn answer(waiting: &Receiver<Question>) {
    for question in waiting {
        // Who asked may have given up: the next one is not to wait for that.
        if !question.answer.is_closed() {
            let _ = question.answer.send(look_up(question.uid, question.gid));
        }
    }
}

fn look_up(uid: u32, gid: u32) -> Account {
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => {
            let groups = groups_of(&user.name, gid);
            Account { name: Some(user.name.into()), groups }
        }
        Ok(None) | Err(_) => Account { name: None, groups: vec![gid] },
    }
}

#[cfg(not(target_vendor = "apple"))]
fn groups_of(name: &str, gid: u32) -> Vec<u32> {
    let found = std::ffi::CString::new(name).map(|name| nix::unistd::getgrouplist(&name, Gid::from_raw(gid)));
    match found {
        Ok(Ok(groups)) => groups.into_iter().map(Gid::as_raw).collect(),
        _ => vec![gid],
    }
}

#[cfg(target_vendor = "apple")]
fn groups_of(_name: &str, gid: u32) -> Vec<u32> {
    vec![gid]
}

/// Returns the number of a user that is given by name or number.
pub(super) fn user_named(name: &str) -> Result<u32, UnknownName> {
    number_of("user", name, User::from_name(name).map(|user| user.map(|user| user.uid.as_raw())))
}

/// Returns the number of a group that is given by name or number.
pub fn group_named(name: &str) -> Result<u32, UnknownName> {
    number_of("group", name, Group::from_name(name).map(|group| group.map(|group| group.gid.as_raw())))
}

fn number_of(kind: &'static str, name: &str, found: nix::Result<Option<u32>>) -> Result<u32, UnknownName> {
    let unknown = |why: String| UnknownName { kind, name: name.to_owned(), why };
    match (name.parse(), found) {
        (Ok(number), _) | (_, Ok(Some(number))) => Ok(number),
        (_, Ok(None)) => Err(unknown("this machine knows none of that name".to_owned())),
        (_, Err(error)) => Err(unknown(error.desc().to_owned())),
    }
}

/// Returns what a group is called.
pub fn group_name(gid: u32) -> Option<String> {
    Group::from_gid(Gid::from_raw(gid)).ok().flatten().map(|group| group.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn root_is_known_and_a_number_without_a_name_is_in_its_group() {
        let accounts = Accounts::start();
        let root = accounts.find(0, 0).await;
        assert_eq!(root.name.as_deref(), Some("root"));
        assert!(root.groups.contains(&0), "{root:?}");
        let nobody = accounts.find(3_999_999_999, 4711).await;
        assert_eq!(nobody, Account { name: None, groups: vec![4711] });
    }

    #[tokio::test(start_paused = true)]
    async fn a_database_that_hangs_holds_up_nobody() {
        let (questions, waiting) = sync_channel(1);
        let accounts = Accounts { questions };
        let number_only = Account { name: None, groups: vec![5] };
        assert_eq!(accounts.find(0, 5).await, number_only, "nobody answered");
        assert_eq!(accounts.find(0, 5).await, number_only, "the queue is full");
        drop(waiting);
        assert_eq!(accounts.find(0, 5).await, number_only, "the thread is gone");
    }

    #[test]
    fn numbers_are_taken_as_they_are() {
        assert_eq!(user_named("4711"), Ok(4711));
        assert_eq!(group_named("0"), Ok(0));
    }
}
