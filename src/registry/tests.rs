//! The registry against a plain model, and what each observer may do to the others.

use std::{
    collections::HashMap,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::BoxFuture};
use proptest::prelude::*;
use tokio::sync::mpsc;

use super::*;
use crate::{clock::SystemClock, metrics::Metrics};

mod converge;
mod hanging;

const LIMIT: Duration = Duration::from_secs(2);

fn newcomer(id: &str, token: &str) -> Newcomer {
    Newcomer {
        request_id: id.parse().expect("a request id"),
        token: token.parse().expect("a token"),
        origin: Origin::default(),
    }
}

fn token(text: &str) -> Token {
    text.parse().expect("a token")
}

struct House {
    registry: ConnectionRegistry,
    metrics: Arc<Metrics>,
    lifecycle: Lifecycle,
}

impl House {
    fn new(observers: Vec<Arc<dyn ConnectionObserver>>) -> Self {
        let (lifecycle, metrics) = (Lifecycle::new(), Arc::new(Metrics::new()));
        let registry =
            ConnectionRegistry::new(Arc::new(SystemClock), lifecycle.clone(), Arc::clone(&metrics));
        registry.observe(observers, LIMIT);
        Self { registry, metrics, lifecycle }
    }

    fn connect(&self, id: &str, token: &str) -> Arrival {
        let arrival = self.registry.register(newcomer(id, token));
        if let Arrival::New { connection, .. } = &arrival {
            self.registry.announce(connection);
        }
        arrival
    }

    fn metric(&self, line: &str) -> i64 {
        let text = self.metrics.render();
        let value = text.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(' '));
        value.map_or(0, |v| v.parse().expect("a whole number"))
    }

    fn counts(&self) -> (i64, i64, i64) {
        (
            self.metric("sse_gateway_connections_total{action=\"connect\"}"),
            self.metric("sse_gateway_connections_total{action=\"disconnect\"}"),
            self.metric("sse_gateway_active_connections"),
        )
    }
}

#[cfg(feature = "nats")]
#[tokio::test]
async fn only_the_older_connection_gives_way_to_one_elsewhere_and_too_often_is_flapping() {
    let house = House::new(Vec::new());
    let id = "a".parse().expect("an id");
    for round in 0..4 {
        house.connect("a", &format!("token-{round}"));
        assert!(house.registry.replaced_elsewhere(&id, |_| false).is_none(), "it is the newer one");
        assert!(!house.registry.is_flapping(&id));
        let gone = house.registry.replaced_elsewhere(&id, |_| true).expect("it gives way");
        assert_eq!(gone.token, token(&format!("token-{round}")));
        assert!(house.registry.find(&id).is_none());
    }
    assert!(house.registry.is_flapping(&id));
    assert_eq!(house.metric("ssectld_connections_replaced_total"), 4);
}

#[tokio::test]
async fn cm_1_a_connect_is_registered_and_counted() {
    let house = House::new(Vec::new());
    house.connect("a", "t1");
    assert_eq!(house.counts(), (1, 0, 1));
    assert_eq!(house.registry.find(&"a".parse().expect("id")).expect("registered").token, token("t1"));
}

#[tokio::test]
async fn cm_2_a_second_connect_replaces_and_names_what_to_close() {
    let house = House::new(Vec::new());
    house.connect("a", "t1");
    let arrival = house.connect("a", "t2");
    let closed: Vec<_> = arrival.to_close().map(|old| old.token.clone()).collect();
    assert_eq!(closed, [token("t1")]);
    assert!(house.registry.find_token(&token("t1")).is_none());
    assert_eq!(house.counts(), (2, 1, 1));
}

#[tokio::test]
async fn cm_3_cm_4_only_the_matching_token_disconnects() {
    let house = House::new(Vec::new());
    house.connect("a", "t1");
    house.connect("a", "t2");
    assert!(house.registry.disconnect(&token("t1"), CloseReason::ClientClosed).is_none());
    assert!(house.registry.disconnect(&token("unknown"), CloseReason::ClientClosed).is_none());
    assert_eq!(house.counts(), (2, 1, 1), "a stale notice counts nothing");
    assert!(house.registry.disconnect(&token("t2"), CloseReason::ClientClosed).is_some());
    assert_eq!(house.counts(), (2, 2, 0));
}

#[tokio::test]
async fn bug_m1_a_late_end_of_the_old_stream_leaves_the_new_one() {
    let house = House::new(Vec::new());
    let old = Arc::clone(house.connect("a", "t1").connection());
    house.connect("a", "t2");
    house.registry.departed(&old, CloseReason::NotFound);
    assert_eq!(house.registry.count(), 1);
    // Not even when the very token is in use again.
    house.connect("a", "t1");
    house.registry.departed(&old, CloseReason::NotFound);
    assert_eq!(house.registry.find(&"a".parse().expect("id")).expect("still there").token, token("t1"));
}

#[tokio::test]
async fn bug_m3_the_same_connect_twice_changes_nothing() {
    let house = House::new(Vec::new());
    house.connect("a", "t1");
    let again = house.connect("a", "t1");
    assert!(matches!(again, Arrival::Unchanged(_)));
    assert_eq!(again.to_close().count(), 0);
    assert_eq!(house.counts(), (1, 0, 1));
}

#[tokio::test]
async fn bug_m4_a_token_under_another_id_moves_and_its_stream_stays() {
    let house = House::new(Vec::new());
    house.connect("a", "t1");
    let moved = house.connect("b", "t1");
    assert_eq!(moved.to_close().count(), 0, "the stream goes on");
    assert!(house.registry.find(&"a".parse().expect("id")).is_none());
    assert_eq!(house.counts(), (2, 1, 1));
}

#[test]
fn flapping_is_more_than_three_replacements_in_thirty_seconds() {
    let mut core = Core::default();
    let (id, start) = ("a".parse().expect("id"), Instant::now());
    let at = jiff::Timestamp::UNIX_EPOCH;
    for n in 0..5 {
        assert!(!core.is_flapping(&id, start), "after {n} connects");
        core.register(newcomer("a", &format!("t{n}")), at, start);
    }
    assert!(core.is_flapping(&id, start + Duration::from_secs(29)));
    assert!(!core.is_flapping(&id, start + Duration::from_secs(30)));
}

#[test]
fn connections_of_the_same_browser_share_its_name() {
    let mut core = Core::default();
    let mut connect = |n: usize, user_agent: &str| {
        let origin = Origin { address: None, user_agent: Some(user_agent.into()) };
        let newcomer = Newcomer { origin, ..newcomer(&format!("i{n}"), &format!("t{n}")) };
        Arc::clone(core.register(newcomer, Timestamp::UNIX_EPOCH, Instant::now()).connection())
    };
    let name = |connection: &Connection| connection.origin.user_agent.clone().expect("given");
    let (one, other) = (connect(0, "Firefox"), connect(1, "Firefox"));
    assert!(Arc::ptr_eq(&name(&one), &name(&other)));
    for n in 2..3000 {
        assert_eq!(&*name(&connect(n, &format!("Bot {n}"))), format!("Bot {n}"));
    }
    assert!(core.user_agents.len() <= 1024, "however many there are");
}

// === Observers ===

/// Tells its name to the test, then does what it was made for.
struct Observer<F> {
    name: &'static str,
    seen: mpsc::Sender<&'static str>,
    then: F,
}

impl<F> ConnectionObserver for Observer<F>
where
    F: Fn() -> BoxFuture<'static, Result<(), ObserverError>> + Send + Sync + 'static,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn connected<'a>(&'a self, _: &'a Arc<Connection>) -> BoxFuture<'a, Result<(), ObserverError>> {
        async move {
            self.seen.send(self.name).await?;
            (self.then)().await
        }
        .boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn obs_2_obs_3_obs_4_each_observer_is_isolated_and_in_order() {
    let (seen, mut order) = mpsc::channel(8);
    let observer = |name, then: fn() -> BoxFuture<'static, Result<(), ObserverError>>| {
        Arc::new(Observer { name, seen: seen.clone(), then }) as Arc<dyn ConnectionObserver>
    };
    let house = House::new(vec![
        observer("failing", || async { Err("no luck".into()) }.boxed()),
        observer("panicking", || async { panic!("on purpose") }.boxed()),
        observer("hanging", || pending().boxed()),
        observer("last", || async { Ok(()) }.boxed()),
    ]);
    house.connect("a", "t1");
    for expected in ["failing", "panicking", "hanging", "last"] {
        assert_eq!(order.recv().await, Some(expected));
    }
    assert!(house.lifecycle.finish(LIMIT).await);
    for fault in ["error", "panic", "time_out"] {
        assert_eq!(
            house.metric(&format!("ssectld_observer_faults_total{{fault=\"{fault}\"}}")),
            1,
            "{fault}"
        );
    }
    assert_eq!(house.registry.count(), 1);
}

#[tokio::test]
async fn obs_1_observers_hear_of_the_registered_connection() {
    struct LooksUp(std::sync::OnceLock<Arc<ConnectionRegistry>>, Arc<AtomicUsize>);
    impl ConnectionObserver for LooksUp {
        fn name(&self) -> &'static str {
            "looks up"
        }
        fn connected<'a>(&'a self, new: &'a Arc<Connection>) -> BoxFuture<'a, Result<(), ObserverError>> {
            let found = self.0.get().and_then(|registry| registry.find(&new.request_id));
            self.1.fetch_add(usize::from(found.is_some()), Ordering::Relaxed);
            std::future::ready(Ok(())).boxed()
        }
    }
    let (lifecycle, metrics, found) = (Lifecycle::new(), Arc::new(Metrics::new()), Arc::default());
    let registry = Arc::new(ConnectionRegistry::new(Arc::new(SystemClock), lifecycle.clone(), metrics));
    let observer = Arc::new(LooksUp(std::sync::OnceLock::new(), Arc::clone(&found)));
    let _ = observer.0.set(Arc::clone(&registry));
    registry.observe(vec![observer], LIMIT);
    let arrival = registry.register(newcomer("a", "t1"));
    registry.announce(arrival.connection());
    assert!(lifecycle.finish(LIMIT).await);
    assert_eq!(found.load(Ordering::Relaxed), 1);
}

// === Model ===

#[derive(Clone, Debug)]
enum Step {
    Connect {
        id: u8,
        token: u8,
    },
    Disconnect {
        token: u8,
    },
    /// The end of the n-th connection that ever was, however late.
    Depart {
        nth: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0u8..5, 0u8..8).prop_map(|(id, token)| Step::Connect { id, token }),
        1 => (0u8..8).prop_map(|token| Step::Disconnect { token }),
        1 => (0usize..40).prop_map(|nth| Step::Depart { nth }),
    ]
}

/// A list of (id, token, number), searched from end to end.
#[derive(Default)]
struct Model {
    open: Vec<(String, String, usize)>,
    ever: usize,
    connects: i64,
    disconnects: i64,
}

impl Model {
    fn drop_where(&mut self, gone: impl Fn(&(String, String, usize)) -> bool) {
        let before = self.open.len();
        self.open.retain(|entry| !gone(entry));
        self.disconnects += i64::try_from(before - self.open.len()).expect("small");
    }

    fn connect(&mut self, id: &str, token: &str) -> bool {
        if self.open.iter().any(|(i, t, _)| i == id && t == token) {
            return false;
        }
        self.drop_where(|(i, t, _)| i == id || t == token);
        self.open.push((id.to_owned(), token.to_owned(), self.ever));
        self.ever += 1;
        self.connects += 1;
        true
    }
}

proptest! {
    #[test]
    fn inv_1_bug_m2_any_interleaving_agrees_with_the_model(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let _guard = runtime.enter();
        let (house, mut model, mut ever) = (House::new(Vec::new()), Model::default(), Vec::new());
        for step in steps {
            match step {
                Step::Connect { id, token } => {
                    let (id, token) = (format!("i{id}"), format!("t{token}"));
                    let arrival = house.registry.register(newcomer(&id, &token));
                    let new = model.connect(&id, &token);
                    prop_assert_eq!(new, matches!(arrival, Arrival::New { .. }));
                    if new {
                        ever.push(Arc::clone(arrival.connection()));
                    }
                }
                Step::Disconnect { token: t } => {
                    let t = format!("t{t}");
                    house.registry.disconnect(&token(&t), CloseReason::ClientClosed);
                    model.drop_where(|(_, known, _)| *known == t);
                }
                Step::Depart { nth } => {
                    if let Some(connection) = ever.get(nth) {
                        house.registry.departed(connection, CloseReason::Error);
                        model.drop_where(|(_, _, number)| *number == nth);
                    }
                }
            }
            let by_id: HashMap<_, _> = model.open.iter().map(|(i, t, _)| (i.clone(), t.clone())).collect();
            let listed = house.registry.list();
            prop_assert_eq!(listed.len(), by_id.len());
            for Listed { connection, .. } in &listed {
                prop_assert_eq!(by_id.get(connection.request_id.as_str()).map(String::as_str), Some(connection.token.as_str()));
                let by_token = house.registry.find_token(&connection.token).expect("the reverse map agrees");
                prop_assert_eq!(by_token.serial, connection.serial);
            }
            let active = i64::try_from(by_id.len()).expect("small");
            prop_assert_eq!(i64::try_from(house.registry.count()), Ok(active));
        }
        prop_assert_eq!(house.counts(), (model.connects, model.disconnects, model.connects - model.disconnects));
    }
}
