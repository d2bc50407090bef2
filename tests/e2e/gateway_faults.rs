//! Gateway mode behind a proxy that spoils answers: whatever happens to some, the others get their events in order,
//! nothing is left behind, and the registry ends with what the gateway has.

use serde_json::json;

use crate::{
    fakes::{
        faults::{Fault, Faults},
        gateway::{Gateway, Mode},
    },
    harness::{Daemon, until},
};

/// Requests under way at once; fewer than the faults of each test.
const IN_FLIGHT: usize = 4;
const SPOILED: usize = 9;

struct House {
    gateway: Gateway,
    faults: Faults,
    daemon: Daemon,
}

impl House {
    /// Returns a daemon with connections that are to be spoiled, and two that are not.
    async fn new() -> Self {
        let gateway = Gateway::start().await;
        let faults = Faults::before(gateway.address).await;
        let url = format!("gateway.url=http://{}", faults.address);
        let in_flight = format!("gateway.in_flight={IN_FLIGHT}");
        let daemon = Daemon::start(&["mode=gateway", &url, &in_flight, "gateway.timeout=1s"]).await;
        for token in Self::spoiled().chain(["b".to_owned(), "c".to_owned()]) {
            gateway.connect(daemon.internal, &token, &token).await;
        }
        Self { gateway, faults, daemon }
    }

    fn spoiled() -> impl Iterator<Item = String> {
        (0..SPOILED).map(|n| format!("spoiled-{n}"))
    }

    async fn events(&self, numbers: std::ops::Range<usize>) {
        for number in numbers {
            self.daemon.event("n", &json!(number)).await;
        }
    }

    /// Waits until the two that nothing happens to have got this many events, in order.
    async fn others_have(&self, count: usize) {
        for token in ["b", "c"] {
            let events = self.gateway.events_to(token, count).await;
            let data: Vec<_> = events.iter().map(|sent| sent.data()).collect();
            assert_eq!(data, (0..count).map(|number| json!(number)).collect::<Vec<_>>());
        }
    }

    /// Spoils one event for all that are to be spoiled, then no more. Returns the errors that this was counted as.
    async fn suffer(&self, fault: Fault) -> f64 {
        for token in Self::spoiled() {
            self.faults.spoil(&token, fault);
        }
        self.events(0..1).await;
        self.faults.spoiled(SPOILED).await;
        self.others_have(1).await;
        let all = (SPOILED + 2) as f64;
        let counted = |sent: f64, failed: f64| sent + failed == all;
        let metrics = self.daemon.until_metrics("every send to be counted", |metrics| {
            counted(metrics.sent("event", "success"), metrics.sent("event", "error"))
        });
        let errors = metrics.await.sent("event", "error");
        self.faults.relent();
        errors
    }

    async fn states(&self) -> Vec<String> {
        let list = self.daemon.ask("/v1/connections").await.expect(200).json();
        let items = list["items"].as_array().expect("a list has items");
        items.iter().map(|item| item["state"].as_str().expect("a state").to_owned()).collect()
    }

    /// Everyone who is still registered gets what comes next, in order, and nothing is left behind.
    async fn recovers(self, connections: usize) {
        self.events(1..11).await;
        self.others_have(11).await;
        for token in Self::spoiled().take(connections - 2) {
            let next = self.gateway.until("what came next", |_| {
                let data: Vec<_> = self.gateway.events(&token).iter().map(|sent| sent.data()).collect();
                data.ends_with(&[json!(10)]).then_some(data)
            });
            let next: Vec<_> = next.await.into_iter().filter(|number| *number != json!(0)).collect();
            assert_eq!(next, (1..11).map(|number| json!(number)).collect::<Vec<_>>(), "{token}");
        }
        until("everyone to be proven", async || {
            (self.states().await == vec!["live"; connections]).then_some(())
        })
        .await;
        self.faults.at_most_open(IN_FLIGHT).await;
        let metrics = self.daemon.metrics().await;
        let (all, active) = ((SPOILED + 2) as f64, connections as f64);
        assert_eq!(metrics.connections(), (all, all - active, active));
        assert_eq!(metrics.value("ssectld_suspect_connections"), 0.0);
        assert_eq!(self.gateway.most_in_flight("b"), 1);
        // It ends well only if no outbox is left.
        self.daemon.stop().await;
    }
}

/// A fault that settles nothing is counted and a doubt; the connection stays and goes on.
async fn is_survived(fault: Fault) {
    let house = House::new().await;
    assert_eq!(house.suffer(fault).await, SPOILED as f64, "{fault:?}");
    let suspects = house.states().await.iter().filter(|state| *state == "suspect").count();
    assert_eq!(suspects, SPOILED, "{fault:?}");
    house.recovers(SPOILED + 2).await;
}

#[tokio::test]
async fn cm_13_a_gateway_that_hangs() {
    is_survived(Fault::Hang).await;
}

#[tokio::test]
async fn cm_13_a_reset_in_the_middle_of_an_answer() {
    is_survived(Fault::Reset).await;
}

#[tokio::test]
async fn cm_13_413_429_and_500() {
    for fault in [Fault::Status(413, ""), Fault::Status(429, "Retry-After: 3600\r\n"), Fault::Status(500, "")]
    {
        is_survived(fault).await;
    }
}

#[tokio::test]
async fn cm_13_bytes_that_are_no_http() {
    is_survived(Fault::Garbage).await;
}

#[tokio::test]
async fn cm_13_an_answer_that_drips() {
    is_survived(Fault::Drip).await;
}

#[tokio::test]
async fn an_answer_is_taken_however_slowly_it_comes_and_whatever_follows_its_status() {
    for fault in [Fault::SlowAnswer, Fault::ResetAfterStatus] {
        let house = House::new().await;
        assert_eq!(house.suffer(fault).await, 0.0, "{fault:?}");
        assert_eq!(house.states().await, ["live"; SPOILED + 2], "{fault:?}");
        house.recovers(SPOILED + 2).await;
    }
}

#[tokio::test]
async fn cm_12_a_404_is_the_end_of_those_and_of_no_other() {
    let house = House::new().await;
    assert_eq!(house.suffer(Fault::Status(404, "")).await, SPOILED as f64);
    house.daemon.until_connected(2).await;
    house.recovers(2).await;
}

#[tokio::test]
async fn bug_m1_ids_that_change_their_tokens_in_the_middle_of_everything_end_as_the_gateway_has_them() {
    let house = House::new().await;
    let ids = ["x", "y", "z"];
    let modes = [Mode::Hang, Mode::Faithful, Mode::Status(404), Mode::Drop, Mode::Status(500)];
    let token = |id: &str, round: usize| format!("{id}-{round}");
    for round in 0..10 {
        for (place, id) in ids.iter().enumerate() {
            let (old, new) = (token(id, round), token(id, round + 1));
            house.gateway.set(&old, modes[(round + place) % modes.len()]);
            house.gateway.connect(house.daemon.internal, id, &old).await;
            house.events(0..1).await;
            house.gateway.connect(house.daemon.internal, id, &new).await;
        }
    }
    // Late answers: what hung is not known any more.
    for round in 0..10 {
        for id in ids {
            house.gateway.set(&token(id, round), Mode::Status(404));
        }
    }
    let tokens = async || {
        let list = house.daemon.ask("/v1/connections").await.expect(200).json();
        let items = list["items"].as_array().expect("a list has items").clone();
        items.iter().map(|item| item["token"].as_str().expect("a token").to_owned()).collect::<Vec<_>>()
    };
    house.daemon.event("last", &json!(1)).await;
    for id in ids {
        let last = token(id, 10);
        house
            .gateway
            .until("the last event", |sent| {
                sent.iter().find(|sent| sent.token == last && sent.name() == Some("last")).cloned()
            })
            .await;
    }
    let expected: Vec<_> = House::spoiled()
        .chain(["b".to_owned(), "c".to_owned()])
        .chain(ids.iter().map(|id| token(id, 10)))
        .collect();
    assert_eq!(tokens().await, expected);
    let (connects, disconnects, active) = house.daemon.metrics().await.connections();
    assert_eq!((connects - disconnects, active), (active, (SPOILED + 5) as f64));
    house.daemon.stop().await;
}
