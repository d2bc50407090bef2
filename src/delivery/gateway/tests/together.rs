//! A gateway that says so gets one request for many tokens.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use proptest::prelude::*;

use super::*;

fn tokens(body: &Value) -> Vec<&str> {
    let many = body["tokens"].as_array().map(|tokens| tokens.iter().filter_map(Value::as_str).collect());
    many.unwrap_or_else(|| vec![token(body)])
}

fn fine(_: &Value) -> Reply {
    Reply::Batch(4096, r#"{"status":"ok","unknown":[]}"#.to_owned())
}

async fn connected(house: &House, count: usize) -> Vec<Arc<Connection>> {
    let ids = (0..count).map(|number| format!("id{number}")).collect::<Vec<_>>();
    ids.iter().map(|id| house.connect(id, &format!("t-{id}"))).collect()
}

/// Lets the gateway say what it can.
async fn learn(house: &House) {
    house.broadcast(0).await;
    house.settled().await;
    while house.gateway.already().await.is_some() {}
}

#[tokio::test]
async fn what_is_for_everyone_is_one_request_where_the_gateway_says_so() {
    let house = House::new(fine).await;
    connected(&house, 50).await;
    learn(&house).await;
    let timed = house.timed();
    house.broadcast(1).await;
    let body = house.gateway.next().await;
    assert_eq!(tokens(&body).iter().collect::<HashSet<_>>().len(), 50);
    assert_eq!((number(&body), &body["close"]), (1, &json!(false)));
    house.settled().await;
    assert!(house.gateway.already().await.is_none(), "one request");
    assert_eq!(house.timed() - timed, 1);
    assert_eq!(house.sent("success"), 100);
}

#[tokio::test]
async fn no_request_names_more_tokens_or_has_more_bytes_than_the_gateway_takes() {
    let house = House::new(|_| Reply::Batch(7, "{}".to_owned())).await;
    connected(&house, 50).await;
    learn(&house).await;
    house.broadcast(1).await;
    house.settled().await;
    let mut seen = 0;
    while let Some(body) = house.gateway.already().await {
        assert!(tokens(&body).len() <= 7);
        seen += tokens(&body).len();
    }
    assert_eq!(seen, 50);
    let house = House::new(fine).await;
    for number in 0..600 {
        house.connect(&format!("id{number}"), &format!("{number}{}", "\"".repeat(400)));
    }
    learn(&house).await;
    house.broadcast(1).await;
    house.settled().await;
    let mut seen = 0;
    while let Some(body) = house.gateway.already().await {
        assert!(body.to_string().len() <= 100 * 1024);
        seen += tokens(&body).len();
    }
    assert_eq!(seen, 600);
}

#[tokio::test]
async fn tokens_that_it_does_not_know_are_removed_and_only_they_are_errors() {
    let house = House::new(|_| {
        Reply::Batch(100, r#"{"status":"ok","unknown":["t-id1"],"failed":["t-id2"]}"#.to_owned())
    })
    .await;
    connected(&house, 4).await;
    learn(&house).await;
    house.broadcast(1).await;
    house.settled().await;
    assert_eq!(house.registry.list().len(), 3);
    assert_eq!((house.sent("success"), house.sent("error")), (6, 2));
}

#[tokio::test]
async fn a_refused_request_has_written_nothing_and_each_is_tried_alone() {
    let house =
        House::new(|body| if body.get("tokens").is_some() { Reply::Status(400) } else { fine(body) }).await;
    connected(&house, 5).await;
    learn(&house).await;
    house.broadcast(1).await;
    house.settled().await;
    assert_eq!(tokens(&house.gateway.next().await).len(), 5);
    for _ in 0..5 {
        assert_eq!(number(&house.gateway.next().await), 1);
    }
    assert_eq!((house.sent("success"), house.sent("error")), (10, 0));
}

#[tokio::test]
async fn a_gateway_that_stops_saying_so_is_sent_to_one_by_one() {
    let said = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let saying = Arc::clone(&said);
    let house =
        House::new(move |body| if saying.load(Ordering::Relaxed) { fine(body) } else { ok(body) }).await;
    connected(&house, 5).await;
    learn(&house).await;
    said.store(false, Ordering::Relaxed);
    house.broadcast(1).await;
    assert_eq!(tokens(&house.gateway.next().await).len(), 5);
    house.settled().await;
    house.broadcast(2).await;
    for _ in 0..5 {
        assert!(house.gateway.next().await.get("tokens").is_none());
    }
}

#[tokio::test]
async fn a_token_in_a_request_for_many_has_one_under_way() {
    let release = Arc::new(Notify::new());
    let (released, held) = (Arc::clone(&release), Arc::new(AtomicUsize::new(0)));
    let house = House::new(move |body| {
        if number(body) == 1 && held.fetch_add(1, Ordering::Relaxed) == 0 {
            Reply::HeldBatch(100, "{}".to_owned(), Arc::clone(&released))
        } else {
            fine(body)
        }
    })
    .await;
    connected(&house, 3).await;
    learn(&house).await;
    house.broadcast(1).await;
    assert_eq!(number(&house.gateway.next().await), 1);
    house.broadcast(2).await;
    let one = Audience::One("id0".parse().expect("an id"));
    house.send(&one, Kind::Application, 3).await;
    house.broadcast(4).await;
    tokio::task::yield_now().await;
    assert!(house.gateway.already().await.is_none(), "all wait for the first");
    release.notify_one();
    house.settled().await;
    let mut seen: HashMap<String, Vec<u64>> = HashMap::new();
    while let Some(body) = house.gateway.already().await {
        for token in tokens(&body) {
            seen.entry(token.to_owned()).or_default().push(number(&body));
        }
    }
    assert_eq!(seen["t-id0"], [2, 3, 4]);
    assert_eq!((&seen["t-id1"], &seen["t-id2"]), (&vec![2, 4], &vec![2, 4]));
}

/// Something that happens to a delivery.
#[derive(Clone, Copy, Debug)]
enum Step {
    Broadcast,
    To(usize),
    Close(usize),
    Wait,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Broadcast),
        3 => (0..8usize).prop_map(Step::To),
        1 => (0..8usize).prop_map(Step::Close),
        2 => Just(Step::Wait),
    ];
    prop::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_token_sees_all_its_events_once_and_in_order(steps in steps(), most in 0..6usize, fickle in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let turn = AtomicUsize::new(0);
            let house = House::new(move |body| {
                let turn = turn.fetch_add(1, Ordering::Relaxed);
                match (body.get("tokens").is_some(), fickle) {
                    (true, true) if turn.is_multiple_of(3) => Reply::Status(400),
                    (false, true) if turn.is_multiple_of(5) => Reply::Status(200),
                    _ => Reply::Batch(most, "{}".to_owned()),
                }
            })
            .await;
            let all = connected(&house, 8).await;
            let mut expected = vec![Vec::new(); all.len()];
            let mut closed = vec![false; all.len()];
            for (step, number) in steps.into_iter().zip(1..) {
                match step {
                    Step::Broadcast => {
                        house.broadcast(number).await;
                        for (list, _) in expected.iter_mut().zip(&closed).filter(|(_, closed)| !**closed) {
                            list.push(number);
                        }
                    }
                    Step::To(place) => {
                        let to = Audience::One(all[place].request_id.clone());
                        house.send(&to, Kind::Application, number).await;
                        if !closed[place] {
                            expected[place].push(number);
                        }
                    }
                    Step::Close(place) => {
                        house.delivery.close(Arc::clone(&all[place]), CloseReason::Disconnected).await;
                        house.registry.departed(&all[place], CloseReason::Disconnected);
                        closed[place] = true;
                    }
                    Step::Wait => house.settled().await,
                }
            }
            house.settled().await;
            let (mut seen, mut refused) = (vec![Vec::new(); all.len()], 0);
            while let Some(body) = house.gateway.already().await {
                if body.get("event").is_none() {
                    continue;
                }
                for token in tokens(&body) {
                    let place: usize = token["t-id".len()..].parse().expect("ours");
                    // What was refused comes again, at once and alone.
                    if seen[place].last() == Some(&number(&body)) {
                        refused += 1;
                    } else {
                        seen[place].push(number(&body));
                    }
                }
            }
            assert!(refused == 0 || fickle);
            assert_eq!(seen, expected);
            assert_eq!(house.sent("error"), 0);
        });
    }
}
