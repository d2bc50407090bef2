//! A daemon in gateway mode behind `ssectld gateway`, and browsers in front of it: all real.

use serde_json::json;

use crate::{
    fakes::browser::Browser,
    harness::{Daemon, Home, gateway::GatewayProcess, until},
};

/// Both, on ports that stay.
pub struct House {
    pub gateway: GatewayProcess,
    pub daemon: Daemon,
    pub settings: Vec<String>,
}

impl House {
    /// Starts both with these settings.
    pub async fn new(at_gateway: &[&str], at_daemon: &[&str]) -> Self {
        // Each must know the other's address before it starts.
        let internal = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
            listener.local_addr().expect("bound")
        };
        let callback = format!("gateway_server.callback_url=http://{internal}/api/sse/callback");
        let gateway = GatewayProcess::start_bare(&[&[callback.as_str()], at_gateway].concat()).await;
        let mut settings = vec![
            "mode=gateway".to_owned(),
            format!("listen.internal={internal}"),
            format!("gateway.url=http://{}", gateway.address),
        ];
        settings.extend(at_daemon.iter().map(|&text| text.to_owned()));
        let daemon = Self::start(Home::new(), &settings).await;
        Self { gateway, daemon, settings }
    }

    /// Starts a daemon with the settings of one before it.
    pub async fn start(home: Home, settings: &[String]) -> Daemon {
        home.start(&settings.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    /// Opens the streams of `id-0` and so on, registered.
    async fn browsers(&self, count: usize) -> Vec<Browser> {
        let mut browsers = Vec::new();
        for number in 0..count {
            browsers.push(Browser::open(self.gateway.address, &format!("id-{number}")).await);
        }
        self.daemon.until_connected(count).await;
        browsers
    }
}

#[tokio::test]
async fn versions_tasks_and_disconnects_reach_browsers_behind_our_gateway() {
    let house = House::new(&[], &[]).await;
    house.daemon.queue(json!({"version": "1.0"})).await;
    let mut browsers = house.browsers(3).await;
    for browser in &mut browsers {
        assert_eq!(browser.next_version().await, "1.0");
    }
    let id = house.daemon.start_task("demo", json!({"steps": 2})).await;
    for browser in &mut browsers {
        let events = crate::tasks::events_of(browser, &id).await;
        assert_eq!(events.last().unwrap()["event_type"], "task_completed");
    }
    let order = json!({"request_ids": ["id-0"]});
    let receipt = house.daemon.tell("/v1/connections/disconnect", &order).await.expect(200).json();
    assert_eq!(receipt["item"]["disconnected"], json!(["id-0"]), "{receipt}");
    assert!(browsers.remove(0).last_events().await.is_empty(), "it ends without a word");
    browsers.remove(0).reset();
    house.daemon.until_connected(1).await;
    assert_eq!(house.daemon.connected().await, ["id-2"]);
}

#[tokio::test]
async fn a_deploy_waits_until_our_gateway_has_written_to_everyone() {
    let house = House::new(&[], &[]).await;
    let browsers = house.browsers(30).await;
    let cli = house.daemon.cli();
    // One by one, and once the gateway has said that it can, many at once.
    for version in ["1", "2"] {
        let receipt = cli.json(&["version", "queue", version, "--wait"]).await["item"].take();
        assert_eq!((&receipt["written"], &receipt["reached"]), (&json!(30), &json!(true)), "{receipt}");
    }
    drop(browsers);
    cli.run(&["wait", "drained"]).await.expect(0);
    let receipt = cli.json(&["version", "queue", "3", "--wait"]).await["item"].take();
    assert_eq!((&receipt["connections"], &receipt["written"]), (&json!(0), &json!(0)), "{receipt}");
}

#[tokio::test]
async fn browsers_stay_connected_while_the_daemon_restarts() {
    let house = House::new(&[], &[]).await;
    let mut browsers = house.browsers(5).await;
    let home = house.daemon.stop().await;
    let daemon = House::start(home, &house.settings).await;
    assert_eq!(daemon.connected().await.len(), 5);
    daemon.queue(json!({"version": "2.0"})).await;
    for browser in &mut browsers {
        assert_eq!(browser.next_version().await, "2.0");
    }
    drop(browsers);
    daemon.until_connected(0).await;
}

#[tokio::test]
async fn an_event_for_everyone_is_few_requests_and_all_stay_in_order() {
    let secret = Home::new();
    let path = secret.write("secret", "between-the-two-of-us");
    let house = House::new(
        &[&format!("gateway_server.secret_file={path}")],
        &[&format!("gateway.secret_file={path}")],
    )
    .await;
    let mut browsers = house.browsers(60).await;
    let posts = async || {
        house.daemon.metrics().await.value(r#"sse_gateway_send_duration_seconds_count{service="event"}"#)
    };
    house.daemon.event("n", &json!(0)).await;
    for browser in &mut browsers {
        assert_eq!(browser.next_event().await.data, "0");
    }
    house.daemon.until_metrics("all sends", |m| m.sent("event", "success") == 60.0).await;
    let before = posts().await;
    house.daemon.event("n", &json!(1)).await;
    house.daemon.until_metrics("all sends", |m| m.sent("event", "success") == 120.0).await;
    assert_eq!(posts().await - before, 1.0);
    for number in 2..30 {
        house.daemon.event("n", &json!(number)).await;
        let order = json!({"name": "n", "data": -number, "request_id": format!("id-{}", number * 2)});
        house.daemon.tell("/v1/events", &order).await.expect(200);
    }
    for (place, browser) in browsers.iter_mut().enumerate() {
        for number in 1..30 {
            assert_eq!(browser.next_event().await.data, number.to_string(), "id-{place}");
            if number > 1 && place == number * 2 {
                assert_eq!(browser.next_event().await.data, format!("-{number}"));
            }
        }
    }
    assert_eq!(house.daemon.metrics().await.sent("event", "error"), 0.0);
}

#[tokio::test]
async fn a_gateway_that_stops_tells_the_daemon_of_every_stream() {
    let mut house = House::new(&[], &[]).await;
    let browsers = house.browsers(3).await;
    house.gateway.terminate().await;
    assert!(house.gateway.ended().await.success());
    house.daemon.until_connected(0).await;
    drop(browsers);
}

#[tokio::test]
async fn what_reaches_many_in_one_request_is_counted_for_each() {
    let house = House::new(&[], &[]).await;
    let mut browsers = house.browsers(5).await;
    for round in 0..3 {
        house.daemon.event("tick", &json!(format!("{round:0>500}"))).await;
        for browser in &mut browsers {
            browser.next_named("tick").await;
        }
    }
    let counted = until("all counted", async || {
        let list =
            house.daemon.ask("/v1/connections?filter=events=3&filter=queued=0").await.expect(200).json();
        Some(list).filter(|list| list["total"] == 5)
    });
    for item in counted.await["items"].as_array().expect("a list") {
        assert!(item["bytes"].as_u64().is_some_and(|bytes| (1500..1600).contains(&bytes)), "{item}");
        assert_eq!((&item["drops"], &item["lost"]), (&json!(0), &json!(0)), "{item}");
    }
}
