//! Several daemons that know each other: what is asked of all of them, and of one through another.

use std::{collections::BTreeMap, sync::Mutex};

use futures_util::{FutureExt, future::BoxFuture};
use jiff::Timestamp;

use super::*;
use crate::{
    audit::Page,
    control::{
        server::Asked,
        types::{AuditOutcome, ConnectionView, List, MemberState, Unblock},
    },
    fleet::{Answer, Fleet, Link, Member, Question, Unanswered},
};

/// What members are to each other: who answers for them, by name; those without do not answer.
#[derive(Default)]
struct Hub(Mutex<BTreeMap<String, Option<Asked>>>);

/// One member's way to the others.
struct Way {
    me: String,
    hub: Arc<Hub>,
}

impl Fleet for Way {
    fn name(&self) -> &str {
        "test"
    }

    fn me(&self) -> &str {
        &self.me
    }

    fn link(&self) -> Link {
        Link {
            connected: true,
            answers: true,
            heard: true,
            server: Some("2.10.0".into()),
            replicas: Some(3),
            ..Link::default()
        }
    }

    fn members(&self) -> Vec<Member> {
        let member = |name: &String| Member {
            name: name.clone(),
            state: MemberState::Answering,
            phase: "ready".into(),
            instance: "1".into(),
            version: "0.1.0".into(),
            started_at: Timestamp::UNIX_EPOCH,
            mode: "embedded".into(),
            connections: 0,
            log_sequence: None,
            lag_ms: None,
            clock_offset_ms: None,
            heard_at: Timestamp::UNIX_EPOCH,
            version_sequence: None,
            degraded: Vec::new(),
        };
        self.hub.0.lock().expect("whole").keys().map(member).collect()
    }

    fn ping(&self, member: &str, _: Duration) -> BoxFuture<'static, Option<Member>> {
        let there = self.hub.0.lock().expect("whole").get(member).is_some_and(Option::is_some);
        let found = self.members().into_iter().find(|known| known.name == member && there);
        async move { found.map(|found| Member { connections: 7, ..found }) }.boxed()
    }

    fn ask(&self, member: &str, question: Question) -> BoxFuture<'static, Result<Answer, Unanswered>> {
        let asked = self.hub.0.lock().expect("whole").get(member).cloned();
        async move {
            match asked {
                Some(Some(asked)) => asked.answer(question).await,
                Some(None) => Err(Unanswered::Silent(question.patience)),
                None => Err(Unanswered::Gone),
            }
        }
        .boxed()
    }
}

struct Cluster {
    hub: Arc<Hub>,
    daemons: BTreeMap<&'static str, Daemon>,
}

impl Cluster {
    /// Starts daemons of these names.
    async fn start(names: &[&'static str]) -> Self {
        let hub = Arc::new(Hub::default());
        let mut daemons = BTreeMap::new();
        for name in names {
            let fleet: Arc<dyn Fleet> = Arc::new(Way { me: (*name).into(), hub: Arc::clone(&hub) });
            let daemon = Daemon::start_with(Some(fleet)).await;
            let asked = Asked::new(daemon.services());
            hub.0.lock().expect("whole").insert((*name).into(), Some(asked));
            daemons.insert(*name, daemon);
        }
        Self { hub, daemons }
    }

    /// Adds a member that never answers.
    fn add_silent(&self, name: &str) {
        self.hub.0.lock().expect("whole").insert(name.into(), None);
    }

    fn on(&self, name: &str) -> &Daemon {
        &self.daemons[name]
    }

    fn all(&self) -> Client {
        self.on("a").client.of_cluster()
    }
}

fn ids(list: &List<ConnectionView>) -> Vec<String> {
    let name =
        |item: &ConnectionView| format!("{}@{}", item.request_id, item.member.as_deref().unwrap_or("-"));
    list.items.iter().map(name).collect()
}

fn asked(query: &str) -> Listing {
    Listing::from_query(query).expect("valid")
}

#[tokio::test]
async fn without_a_cluster_it_is_said_so() {
    let daemon = Daemon::start().await;
    let error = refused(daemon.client.of_cluster().connections(&asked(""), Ghosts::Hidden).await);
    assert_eq!(
        (error.code, error.message.as_str()),
        (ErrorCode::Refused, "this ssectld is not a member of a cluster")
    );
    assert!(error.hint.expect("what to type").contains("cluster.nats_url"));
    assert_eq!(refused(daemon.client.members(&asked("")).await).code, ErrorCode::Refused);
    assert_eq!(refused(daemon.client.at_member(Some("b")).status().await).code, ErrorCode::Refused);
    assert!(daemon.client.status().await.expect("answered").value.item.cluster.is_none());
}

#[tokio::test]
async fn a_list_of_all_is_ordered_and_cut_as_one() {
    let cluster = Cluster::start(&["a", "b", "c"]).await;
    for (name, id) in [("b", "1"), ("a", "2"), ("c", "3"), ("b", "4"), ("a", "5")] {
        cluster.on(name).connect(id);
    }
    let list = async |query: &str| {
        let answer = cluster.all().connections(&asked(query), Ghosts::Hidden).await.expect("answered").value;
        assert!(answer.unanswered.is_empty() && answer.warnings.is_empty());
        (ids(&answer).join(" "), answer.total)
    };
    assert_eq!(list("").await, ("1@b 2@a 3@c 4@b 5@a".to_owned(), 5));
    assert_eq!(list("limit=2").await, ("1@b 2@a".to_owned(), 5));
    assert_eq!(list("sort=-request_id&limit=3").await, ("5@a 4@b 3@c".to_owned(), 5));
    assert_eq!(list("filter=member=b").await, ("1@b 4@b".to_owned(), 2));
    assert_eq!(list("sort=member,-request_id&limit=3").await, ("5@a 2@a 4@b".to_owned(), 5));
    assert_eq!(list("filter=request_id!=1&filter=member!=a&limit=1").await, ("3@c".to_owned(), 2));
    let wrong = cluster.all().connections(&asked("filter=nonsense=1"), Ghosts::Hidden).await;
    assert_eq!(refused(wrong).code, ErrorCode::Invalid);
    let alone = cluster.on("a").client.connections(&asked(""), Ghosts::Hidden).await.expect("answered");
    assert_eq!(ids(&alone.value), ["2@a", "5@a"]);
    assert!(!alone.json.contains("unanswered"));
}

#[tokio::test]
async fn who_does_not_answer_is_named_and_the_others_are_told() {
    let cluster = Cluster::start(&["a", "b"]).await;
    cluster.add_silent("c");
    cluster.on("b").connect("1");
    let list = cluster.all().connections(&asked(""), Ghosts::Hidden).await.expect("answered").value;
    assert_eq!((ids(&list), list.unanswered.clone()), (vec!["1@b".to_owned()], vec!["c".to_owned()]));
    assert!(list.warnings[0].starts_with("c: it did not answer within"), "{:?}", list.warnings);
    let found = cluster.all().connection(&id("1")).await.expect("found").value;
    assert_eq!((found.item.member.as_deref(), found.unanswered.len()), (Some("b"), 1));
    let error = refused(cluster.all().connection(&id("2")).await);
    assert_eq!(error.code, ErrorCode::Refused, "c may have it: {error}");
    assert!(error.cause.expect("why").starts_with("c: "));
    let members = cluster.on("a").client.members(&asked("")).await.expect("answered").value.items;
    let states: Vec<_> = members.iter().map(|member| (member.name.as_str(), member.state)).collect();
    let (here, silent) = (MemberState::Answering, MemberState::Silent);
    assert_eq!(states, [("a", here), ("b", here), ("c", silent)]);
    assert_eq!((members[1].connections, members[1].phase.as_str()), (7, "ready"));
    let heard = cluster.on("a").client.members_heard(&asked("filter=name=c")).await.expect("answered");
    assert_eq!(heard.value.items[0].state, here, "nobody was asked");
}

#[tokio::test]
async fn all_disconnect_and_refuse_under_one_key() {
    let cluster = Cluster::start(&["a", "b"]).await;
    for (name, id) in [("a", "1"), ("b", "2"), ("b", "3")] {
        cluster.on(name).connect(id);
    }
    let order = Disconnect {
        request_ids: vec![id("1"), id("2"), id("x")],
        no_reconnect_ms: Some(60_000),
        key: Some("k".into()),
        ..Disconnect::default()
    };
    let first = cluster.all().disconnect(&order).await.expect("done").value.item;
    assert_eq!(
        (first.disconnected.clone(), first.not_found.clone()),
        (vec![id("1"), id("2")], vec!["x".into()])
    );
    assert_eq!((first.key.as_str(), first.members.len()), ("k", 2));
    assert_eq!(first.members[1].disconnected, [id("2")]);
    for name in ["a", "b"] {
        let blocked = cluster.on(name).client.blocked(&asked("sort=request_id")).await.expect("answered");
        let blocked: Vec<_> = blocked.value.items.iter().map(|one| one.request_id.as_str()).collect();
        assert_eq!(blocked, ["1", "2", "x"], "{name}");
    }
    cluster.on("b").connect("2");
    let again = cluster.all().disconnect(&order).await.expect("repeated").value.item;
    assert_eq!(again, first);
    assert!(cluster.on("b").client.connection(&id("2")).await.is_ok(), "repeating does nothing");

    let all = Disconnect { all: true, expect: Some(3), ..Disconnect::default() };
    assert_eq!(refused(cluster.all().disconnect(&all).await).code, ErrorCode::Conflict);
    let all = Disconnect { no_reconnect_ms: Some(60_000), expect: Some(2), ..all };
    let done = cluster.all().disconnect(&all).await.expect("done").value.item;
    assert_eq!(done.disconnected.len(), 2);
    let on_a = cluster.on("a").client.blocked(&asked("filter=request_id=3")).await.expect("answered").value;
    assert_eq!(on_a.items.len(), 1, "refused also where it was not connected");
    let unblock = Unblock { request_ids: vec![id("3"), id("y")], key: None };
    let let_in = cluster.all().unblock(&unblock).await.expect("done").value.item;
    assert_eq!((let_in.unblocked, let_in.not_found), (vec![id("3")], vec![id("y")]));
}

#[tokio::test]
async fn a_question_is_passed_on_to_one_member_with_who_asks() {
    let cluster = Cluster::start(&["a", "b"]).await;
    cluster.on("b").connect("1");
    let through = cluster.on("a").client.at_member(Some("b"));
    assert_eq!(through.status().await.expect("answered").value.item.connections, 1);
    let itself = cluster.on("a").client.at_member(Some("a"));
    assert_eq!(itself.status().await.expect("answered").value.item.connections, 0);
    let stranger = refused(cluster.on("a").client.at_member(Some("z")).status().await);
    assert_eq!(
        (stranger.code, stranger.cause.as_deref()),
        (ErrorCode::NotFound, Some("the members are a, b"))
    );
    through.queue_version(&queue("1.0", "k")).await.expect("queued");
    let entry = cluster.on("b").services().audit.page(&Page::default()).remove(0);
    assert_eq!((&*entry.command, entry.outcome), ("version.queue", AuditOutcome::Done));
    assert_eq!(entry.via.as_deref(), Some("a"));
    assert_eq!(entry.uid, Some(rustix::process::geteuid().as_raw()));
    assert!(cluster.on("a").services().audit.page(&Page::default()).is_empty());
    cluster.add_silent("c");
    let silent = refused(cluster.on("a").client.at_member(Some("c")).status().await);
    let words = "c cannot be reached: nothing was done there";
    assert_eq!((silent.code, silent.message.as_str()), (ErrorCode::Unreachable, words));
}

#[tokio::test]
async fn a_task_is_found_followed_and_cancelled_where_it_is() {
    let cluster = Cluster::start(&["a", "b"]).await;
    let reported = CreateTask { name: Some("Import".into()), ..demo("", "t") };
    let reported = CreateTask { builtin: None, ..reported };
    let task = cluster.on("b").client.create_task(&reported).await.expect("created").value.item.task_id;
    assert_eq!(refused(cluster.on("a").client.task(&task).await).code, ErrorCode::NotFound);
    assert_eq!(cluster.all().task(&task).await.expect("found").value.item.member.as_deref(), Some("b"));
    let listed = cluster.all().tasks(&asked("")).await.expect("answered").value.items;
    assert_eq!((listed.len(), listed[0].member.as_deref()), (1, Some("b")));
    let mut lines = cluster.all().follow_task(&task).await.expect("followed");
    let first = lines.next().await.expect("a line").expect("a line").value;
    assert!(matches!(first, TaskLine::Task { .. }), "{first:?}");
    let cancel = EndTask { key: Some("c".into()), ..EndTask::default() };
    cluster.all().cancel_task(&task, &cancel).await.expect("cancelled");
    let ended = loop {
        if let TaskLine::End { task } = lines.next().await.expect("a line").expect("not over").value {
            break task;
        }
    };
    assert_eq!(ended.status, TaskStatus::Cancelled);
    assert_eq!(refused(cluster.all().cancel_task("absent", &cancel).await).code, ErrorCode::NotFound);
}

#[tokio::test]
async fn what_versions_have_come_to_is_added_up() {
    let cluster = Cluster::start(&["a", "b"]).await;
    cluster.on("a").connect("1");
    cluster.on("b").connect("2");
    cluster.on("b").connect("3");
    for name in ["a", "b"] {
        cluster.on(name).client.queue_version(&queue("1.0", "k")).await.expect("queued");
    }
    let status = cluster.all().version_status(None).await.expect("answered").value.item;
    assert_eq!((status.connections, status.nothing, status.version.as_deref()), (3, 3, Some("1.0")));
    assert_eq!(status.delivery.expect("known").figures.connections, 3);
    let history = cluster.all().version_history(&asked("")).await.expect("answered").value.items;
    assert_eq!((history.len(), history[0].delivery.expect("known").connections), (1, 3));
    assert_eq!(cluster.all().versions(&asked("")).await.expect("answered").value.items.len(), 1);
    cluster.on("b").client.queue_version(&queue("2.0", "k2")).await.expect("queued");
    let newest = cluster.all().current_version(None).await.expect("answered").value;
    assert_eq!(
        (newest.item.version.as_str(), &*newest.warnings),
        ("2.0", &["a would tell something else".to_owned()][..])
    );
    let pending = cluster.all().versions(&asked("")).await.expect("answered").value;
    assert_eq!(pending.warnings, ["a has not heard of sequence 2 yet"]);
}

#[tokio::test]
async fn the_status_of_all_says_what_does_not_go_together() {
    let cluster = Cluster::start(&["a", "b"]).await;
    cluster.on("a").connect("1");
    cluster.on("b").connect("2");
    let status = cluster.all().status().await.expect("answered").value.item;
    assert_eq!((status.connections, status.phase.as_str()), (2, "ready"));
    let view = status.cluster.expect("there is one");
    assert_eq!((view.name.as_str(), view.member.as_str(), view.members.len()), ("test", "a", 2));
    assert_eq!((view.members[1].connections, view.members[1].clock_offset_ms), (1, Some(0)));
    assert!(status.degraded.iter().all(|why| why.contains("kept in memory only")), "{:?}", status.degraded);
    cluster.on("b").client.queue_version(&queue("2.0", "k")).await.expect("queued");
    cluster.add_silent("c");
    let answer = cluster.all().status().await.expect("answered").value;
    let wrong = answer.item.degraded;
    assert!(wrong.contains(&"c does not answer".to_owned()), "{wrong:?}");
    let differ =
        "not the same versions are pending everywhere: sequence 1 (1 pending) on b; none (0 pending) on a";
    assert!(wrong.contains(&differ.to_owned()), "{wrong:?}");
    assert_eq!(answer.unanswered, ["c"]);
    let silent = answer.item.cluster.expect("there is one").members.pop().expect("three");
    assert_eq!((silent.name.as_str(), silent.state), ("c", MemberState::Silent));
}

#[tokio::test]
async fn who_may_not_is_refused_here_and_noted_here() {
    let cluster = Cluster::start(&["b"]).await;
    let hub = Arc::clone(&cluster.hub);
    let fleet: Arc<dyn Fleet> = Arc::new(Way { me: "a".into(), hub });
    let roled = super::roles::Roled::start_with(Some(fleet)).await;
    let (_, reader) = super::roles::USERS[1];
    let (status, answer) = roled.send(reader, "POST", "/v1/members/b/daemon/stop", Body::from("{}")).await;
    assert_eq!(status, 403, "{answer}");
    let entry = roled.daemon.services().audit.page(&Page::default()).remove(0);
    assert_eq!((&*entry.command, &*entry.target, entry.uid), ("daemon.stop", "at b", Some(reader)));
    let order = json!({"all": true}).to_string();
    let (status, _) =
        roled.send(reader, "POST", "/v1/connections/disconnect?cluster=true", Body::from(order)).await;
    assert_eq!(status, 403);
    assert!(cluster.on("b").services().audit.page(&Page::default()).is_empty());
    let (status, list) = roled.send(reader, "GET", "/v1/connections?cluster=true", Body::empty()).await;
    assert_eq!((status, &list["unanswered"]), (200, &Value::Null));
}
