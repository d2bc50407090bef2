use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    fake::{FakeGateway, Reply},
    *,
};
use crate::{
    audience::Audience,
    clock::SystemClock,
    connection::Origin,
    delivery::{Departures, Directory, Dispatcher},
    event::{Event, JsonLine, VersionSequence},
    lifecycle::Phase,
    registry::{ConnectionObserver, ConnectionRegistry, Life, Newcomer, ObserverError},
    store::MemoryStore,
};

mod doubt;
mod lasting;
mod together;

struct House {
    gateway: FakeGateway,
    registry: Arc<ConnectionRegistry>,
    delivery: Arc<GatewayDelivery>,
    dispatcher: Dispatcher,
    metrics: Arc<Metrics>,
    lifecycle: Lifecycle,
}

impl House {
    async fn new(script: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> Self {
        Self::with(|_| {}, 65_536, script).await
    }

    async fn with(
        change: impl FnOnce(&mut GatewayConfig),
        outbox_bytes: usize,
        script: impl Fn(&Value) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let gateway = FakeGateway::start(script).await;
        let mut config = GatewayConfig { url: gateway.url(), ..GatewayConfig::default() };
        change(&mut config);
        let (lifecycle, metrics) = (Lifecycle::new(), Arc::new(Metrics::new()));
        let registry =
            Arc::new(ConnectionRegistry::new(Arc::new(SystemClock), lifecycle.clone(), Arc::clone(&metrics)));
        registry.keep(Arc::new(MemoryStore::default())).expect("readable");
        let delivery = GatewayDelivery::new(
            &config,
            outbox_bytes,
            Arc::clone(&registry) as Arc<dyn Roster>,
            lifecycle.clone(),
            Arc::clone(&metrics),
        )
        .expect("good settings");
        let dispatcher = Dispatcher::new(
            Arc::clone(&delivery) as Arc<dyn Delivery>,
            Arc::clone(&registry) as Arc<dyn Directory>,
            32_768,
        );
        Self { gateway, registry, delivery, dispatcher, metrics, lifecycle }
    }

    fn connect(&self, id: &str, token: &str) -> Arc<Connection> {
        let arrival = self.registry.register(Newcomer {
            request_id: id.parse().expect("an id"),
            token: token.parse().expect("a token"),
            origin: Origin::default(),
        });
        Arc::clone(arrival.connection())
    }

    async fn broadcast(&self, number: u64) {
        self.send(&Audience::Everyone, Kind::Application, number).await;
    }

    async fn send(&self, audience: &Audience, kind: Kind, number: u64) -> usize {
        self.dispatcher.dispatch(audience, event(kind, number)).await.expect("alone").connections
    }

    /// Waits until nothing is queued or under way.
    async fn settled(&self) {
        loop {
            let emptied = self.delivery.0.emptied.notified();
            if self.delivery.0.outboxes().is_empty() {
                return;
            }
            emptied.await;
        }
    }

    fn metric(&self, line: &str) -> u64 {
        let text = self.metrics.render();
        let value = text.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().expect("a whole number"))
    }

    fn sent(&self, status: &str) -> u64 {
        self.metric(&format!(r#"sse_gateway_events_sent_total{{service="event",status="{status}"}}"#))
    }

    fn timed(&self) -> u64 {
        self.metric(r#"sse_gateway_send_duration_seconds_count{service="event"}"#)
    }
}

fn event(kind: Kind, number: u64) -> Event {
    Event { name: "n".parse().expect("a name"), data: JsonLine::encode(&number).expect("JSON"), kind }
}

fn ok(_: &Value) -> Reply {
    Reply::Status(200)
}

fn token(body: &Value) -> &str {
    body["token"].as_str().expect("a token")
}

fn number(body: &Value) -> u64 {
    body["event"]["data"].as_str().expect("text").parse().expect("a number")
}

#[tokio::test]
async fn cm_10_everyone_gets_it_and_each_is_counted() {
    let house = House::new(ok).await;
    for n in 0..20 {
        house.connect(&format!("r{n}"), &format!("t{n}"));
    }
    house.broadcast(7).await;
    let mut tokens = Vec::new();
    for _ in 0..20 {
        let body = house.gateway.next().await;
        assert_eq!(body["event"], json!({"name": "n", "data": "7"}));
        assert_eq!(body["close"], json!(false));
        tokens.push(token(&body).to_owned());
    }
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 20);
    house.settled().await;
    assert_eq!((house.sent("success"), house.sent("error"), house.timed()), (20, 0, 20));
}

#[tokio::test]
async fn cm_11_cm_15_nobody_connected_is_no_error_and_no_request() {
    let house = House::new(ok).await;
    assert_eq!(house.send(&Audience::Everyone, Kind::Application, 1).await, 0);
    let nobody = Audience::One("r".parse().expect("an id"));
    assert_eq!(house.send(&nobody, Kind::Application, 2).await, 0);
    house.settled().await;
    assert_eq!(house.gateway.already().await, None);
    assert_eq!((house.sent("success"), house.sent("error"), house.timed()), (0, 0, 0));
}

#[tokio::test]
async fn cm_12_bug_m2_a_404_removes_that_connection_only_and_counts_a_disconnect() {
    let house = House::new(|body| Reply::Status(if token(body) == "gone" { 404 } else { 200 })).await;
    house.connect("a", "gone");
    house.connect("b", "here");
    house.broadcast(1).await;
    house.settled().await;
    assert_eq!(house.registry.count(), 1);
    assert!(house.registry.find(&"b".parse().expect("an id")).is_some());
    assert_eq!((house.sent("success"), house.sent("error"), house.timed()), (1, 1, 2));
    assert_eq!(house.metric(r#"sse_gateway_connections_total{action="disconnect"}"#), 1);
    assert_eq!(house.metric("sse_gateway_active_connections"), 1);

    house.broadcast(2).await;
    house.settled().await;
    let mut again = 0;
    while let Some(body) = house.gateway.already().await {
        again += usize::from(token(&body) == "gone");
    }
    assert_eq!(again, 1, "never tried again");
}

#[tokio::test]
async fn bug_m1_a_late_404_of_the_old_token_leaves_the_new_connection_alone() {
    let release = Arc::new(Notify::new());
    let held = Arc::clone(&release);
    let house = House::new(move |body| match token(body) {
        "old" => Reply::Held(404, Arc::clone(&held)),
        _ => Reply::Status(200),
    })
    .await;
    house.connect("a", "old");
    house.broadcast(1).await;
    house.gateway.next().await;
    house.connect("a", "new");
    release.notify_one();
    house.settled().await;
    let known = house.registry.find(&"a".parse().expect("an id")).expect("still there");
    assert_eq!(known.token.as_str(), "new");
    assert!(house.registry.find_token(&"new".parse().expect("a token")).is_some());
}

#[tokio::test]
async fn cm_13_cm_14_other_failures_are_counted_and_keep_the_mapping() {
    let house = House::with(
        |config| config.timeout = Duration::from_millis(300),
        65_536,
        |body| match token(body) {
            "error" => Reply::Status(500),
            "redirect" => Reply::Status(302),
            "refused" => Reply::Status(400),
            "reset" => Reply::Drop,
            "slow" => Reply::Hang,
            _ => Reply::Status(200),
        },
    )
    .await;
    let tokens = ["error", "redirect", "refused", "reset", "slow", "fine"];
    for name in tokens {
        house.connect(name, name);
    }
    house.broadcast(1).await;
    house.settled().await;
    assert_eq!(house.registry.count(), tokens.len());
    assert_eq!((house.sent("success"), house.sent("error"), house.timed()), (1, 5, 6));
    for _ in tokens {
        house.gateway.next().await;
    }
    assert_eq!(house.gateway.already().await, None, "nothing is sent twice");
}

#[tokio::test]
async fn cm_13_a_gateway_that_is_not_there() {
    let house = House::with(|config| config.url = "http://127.0.0.1:9".to_owned(), 65_536, ok).await;
    house.connect("a", "a");
    house.broadcast(1).await;
    house.settled().await;
    assert_eq!((house.sent("error"), house.registry.count()), (1, 1));
}

#[tokio::test]
async fn cm_2_met_2_close_follows_what_is_pending_and_is_no_metric() {
    let house = House::new(ok).await;
    let old = house.connect("a", "old");
    for n in 0..3 {
        house.broadcast(n).await;
    }
    house.connect("a", "new");
    house.delivery.close(Arc::clone(&old), CloseReason::Replaced).await;
    house.delivery.close(old, CloseReason::Replaced).await;
    house.settled().await;
    for n in 0..3 {
        assert_eq!(number(&house.gateway.next().await), n);
    }
    assert_eq!(house.gateway.next().await, json!({"token": "old", "close": true}));
    assert_eq!(house.gateway.already().await, None);
    assert_eq!((house.sent("success"), house.timed()), (3, 3), "closes are neither counted nor timed");
}

#[tokio::test]
async fn cm_5_failing_and_hanging_closes_stop_nobody() {
    let house = House::with(
        |config| config.in_flight = 4,
        65_536,
        |body| match token(body) {
            "new" => Reply::Status(200),
            "old0" => Reply::Status(500),
            _ => Reply::Hang,
        },
    )
    .await;
    for n in 0..4 {
        let old = house.connect("a", &format!("old{n}"));
        house.delivery.close(old, CloseReason::Replaced).await;
    }
    house.connect("a", "new");
    house.broadcast(1).await;
    while token(&house.gateway.next().await) != "new" {}
}

#[tokio::test]
async fn bug_m5_a_hanging_connection_delays_no_other() {
    let house = House::with(
        |config| config.in_flight = 8,
        65_536,
        |body| if token(body) == "hangs" { Reply::Hang } else { Reply::Status(200) },
    )
    .await;
    house.connect("a", "hangs");
    house.connect("b", "fine");
    for n in 0..50 {
        house.broadcast(n).await;
    }
    let mut next = 0;
    while next < 50 {
        let body = house.gateway.next().await;
        if token(&body) == "fine" {
            assert_eq!(number(&body), next);
            next += 1;
        }
    }
}

#[tokio::test]
async fn bug_m7_any_2xx_is_success() {
    let house = House::new(|body| Reply::Status(if token(body) == "a" { 202 } else { 299 })).await;
    house.connect("a", "a");
    house.connect("b", "b");
    house.broadcast(1).await;
    house.settled().await;
    assert_eq!((house.sent("success"), house.sent("error")), (2, 0));
}

#[tokio::test]
async fn bug_m8_connections_to_the_gateway_are_used_again() {
    let house = House::new(ok).await;
    house.connect("a", "a");
    for n in 0..20 {
        house.broadcast(n).await;
        house.settled().await;
    }
    assert_eq!(house.gateway.connections(), 1);
}

#[tokio::test]
async fn a_stale_keep_alive_connection_costs_nothing_and_repeats_nothing() {
    let house = House::new(|_| Reply::AnswerAndClose).await;
    house.connect("a", "a");
    for n in 0..10 {
        house.broadcast(n).await;
        house.settled().await;
        assert_eq!(number(&house.gateway.next().await), n);
        tokio::task::yield_now().await;
    }
    assert_eq!(house.gateway.already().await, None);
    assert_eq!(house.sent("success") + house.sent("error"), 10);
}

#[tokio::test]
async fn cm_10_bug_m10_each_connection_sees_the_order_of_dispatch() {
    let house = Arc::new(House::with(|config| config.in_flight = 3, 65_536, ok).await);
    for n in 0..7 {
        house.connect(&format!("r{n}"), &format!("t{n}"));
    }
    let mut sending = tokio::task::JoinSet::new();
    let (next, order) = (Arc::new(AtomicUsize::new(0)), Arc::new(tokio::sync::Mutex::new(())));
    for _ in 0..5 {
        let (house, next, order) = (Arc::clone(&house), Arc::clone(&next), Arc::clone(&order));
        sending.spawn(async move {
            for _ in 0..20 {
                let _turn = order.lock().await;
                house.broadcast(next.fetch_add(1, Ordering::Relaxed) as u64).await;
            }
        });
    }
    sending.join_all().await;
    house.settled().await;
    let mut expected = HashMap::<String, u64>::new();
    for _ in 0..700 {
        let body = house.gateway.next().await;
        let next = expected.entry(token(&body).to_owned()).or_default();
        assert_eq!(number(&body), *next);
        *next += 1;
    }
}

#[tokio::test]
async fn an_older_version_never_follows_a_newer_one() {
    let house = House::new(ok).await;
    house.connect("a", "a");
    for sequence in [3, 2, 3, 0, 4] {
        house.send(&Audience::Everyone, Kind::Version(VersionSequence(sequence)), sequence).await;
    }
    house.settled().await;
    assert_eq!(number(&house.gateway.next().await), 3);
    assert_eq!(number(&house.gateway.next().await), 4);
    assert_eq!(house.gateway.already().await, None);
}

#[tokio::test]
async fn a_full_outbox_closes_its_connection_and_counts_what_is_lost() {
    let house = House::with(
        |config| config.in_flight = 8,
        100,
        |body| match token(body) {
            "slow" if body["close"] == json!(false) => Reply::Status(500),
            _ => Reply::Status(200),
        },
    )
    .await;
    house.connect("a", "slow");
    house.connect("b", "fine");
    // On one thread nothing is drained before the first wait: all of it queues up.
    for n in 0..60 {
        house.send(&Audience::One("a".parse().expect("an id")), Kind::Application, n).await;
    }
    assert_eq!(house.registry.count(), 1);
    assert_eq!(house.metric(r#"ssectld_connections_closed_total{reason="slow_consumer"}"#), 1);
    assert!(house.sent("error") > 1);
    house.settled().await;
    assert_eq!(house.gateway.next().await, json!({"token": "slow", "close": true}));
    assert_eq!(house.gateway.already().await, None);
}

#[tokio::test]
async fn progress_that_waits_is_replaced_by_newer() {
    let release = Arc::new(Notify::new());
    let held = Arc::clone(&release);
    let house = House::new(move |body| match number(body) {
        0 => Reply::Held(200, Arc::clone(&held)),
        _ => Reply::Status(200),
    })
    .await;
    house.connect("a", "a");
    house.broadcast(0).await;
    house.gateway.next().await;
    for n in 1..=50 {
        house.send(&Audience::Everyone, Kind::Progress("task".into()), n).await;
    }
    house.send(&Audience::Everyone, Kind::TaskState, 51).await;
    release.notify_one();
    assert_eq!(number(&house.gateway.next().await), 50);
    assert_eq!(number(&house.gateway.next().await), 51);
}

#[tokio::test]
async fn an_endless_answer_is_cut_and_the_status_holds() {
    let house = House::new(|_| Reply::EndlessBody).await;
    house.connect("a", "a");
    house.broadcast(1).await;
    house.settled().await;
    assert_eq!(house.sent("success"), 1);
}

struct Watching(Mutex<Vec<(String, CloseReason)>>, Notify);

impl ConnectionObserver for Watching {
    fn name(&self) -> &'static str {
        "watching"
    }
    fn connected<'a>(&'a self, _: &'a Arc<Connection>) -> BoxFuture<'a, Result<(), ObserverError>> {
        std::future::ready(Ok(())).boxed()
    }
    fn disconnected<'a>(
        &'a self,
        connection: &'a Arc<Connection>,
        reason: CloseReason,
    ) -> BoxFuture<'a, Result<(), ObserverError>> {
        self.0.lock().expect("not poisoned").push((connection.token.as_str().to_owned(), reason));
        self.1.notify_one();
        std::future::ready(Ok(())).boxed()
    }
}

#[tokio::test]
async fn bug_m12_observers_hear_of_a_404() {
    let house = House::new(|_| Reply::Status(404)).await;
    let watching = Arc::new(Watching(Mutex::default(), Notify::new()));
    house.registry.observe(vec![Arc::clone(&watching) as _], Duration::from_secs(5));
    house.connect("a", "gone");
    house.broadcast(1).await;
    watching.1.notified().await;
    let seen = watching.0.lock().expect("not poisoned").clone();
    assert_eq!(seen, [("gone".to_owned(), CloseReason::NotFound)]);
}
