//! `docs/frontend.md`

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::{Value, json};
use ssectl_core::browser;

use super::FRONTEND;
use crate::{
    fakes::{
        backend::{Backend, Say},
        browser::{Browser, Item},
        sse::Parser,
    },
    harness::{
        Daemon,
        chromium::{Chromium, Tab},
        http,
        page::{blocks, rows, typed},
        until, within,
    },
};

/// Returns the things in a stream, without what differs from one to the next: epochs, tasks, times.
fn items(stream: impl IntoIterator<Item = Item>) -> Vec<Item> {
    let forms = [
        ("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}", "TASK"),
        (r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "TIME"),
        ("^[0-9a-f]+-", "EPOCH-"),
    ]
    .map(|(form, name)| (Regex::new(form).expect("a form"), name));
    let plain = |text: String| {
        forms.iter().fold(text, |text, (form, name)| form.replace_all(&text, *name).into_owned())
    };
    let item = |item| match item {
        Item::Retry(_) => Item::Retry(0),
        Item::Place(id) => Item::Place(plain(id)),
        Item::Event(mut event) => {
            (event.data, event.id) = (plain(event.data), plain(event.id));
            Item::Event(event)
        }
        Item::Comment(text) => Item::Comment(text),
    };
    stream.into_iter().map(item).collect()
}

#[tokio::test]
async fn the_streams_that_are_shown_are_those_that_are_sent() {
    let shown = blocks(FRONTEND, "text");
    for (shown, framing) in shown.into_iter().zip(["framing=named", "framing=envelope"]) {
        let daemon = Daemon::start(&[framing]).await;
        daemon.queue(json!({"version": "1.0.1", "changelog": "Search is twice as fast"})).await;
        let mut browser = Browser::open(daemon.public, "a").await;
        let mut stream = Vec::new();
        let sent = if framing.ends_with("envelope") { 4 } else { 3 };
        while stream.len() < sent {
            stream.push(browser.next_item().await.expect("it goes on"));
        }
        let task = daemon.create_task(json!({"name": "t"})).await;
        daemon.task(&task, "progress", &json!({"text": "half", "value": 0.5})).await.expect(200);
        daemon.task(&task, "complete", &json!({"result": {"rows": 7}})).await.expect(200);
        daemon.event("order.paid", &json!({"order": 7})).await;
        let end = ["connections", "disconnect", "a", "--reason", "see you", "--yes"];
        daemon.cli().run(&end).await.expect(0);
        stream.extend(within("its end", browser.rest()).await);
        let mut parser = Parser::default();
        parser.feed(format!("{shown}\n\n").as_bytes());
        let shown: Vec<_> = std::iter::from_fn(|| parser.next()).collect();
        assert_eq!(items(stream), items(shown), "{framing}");
        daemon.stop().await;
    }
}

/// Returns what the first cells of the table under this head name.
fn table(head: &str) -> BTreeSet<String> {
    let head = format!("| {head} |");
    let (_, table) = FRONTEND
        .match_indices(&head)
        .map(|(at, _)| FRONTEND[at..].split_once('\n').expect("more lines"))
        .find(|(_, rest)| rest.starts_with("|-"))
        .expect("a table");
    let own = table.lines().skip(1).take_while(|line| line.starts_with("| "));
    own.map(|line| typed(line).next().expect("a name").to_owned()).collect()
}

#[test]
fn every_event_and_every_reason_is_explained() {
    let schema = browser::schema().to_value();
    let events = schema["properties"].as_object().expect("events");
    assert_eq!(table("event"), events.keys().cloned().collect());
    let reasons = |name: &str| -> BTreeSet<String> {
        let mut all: Vec<&Value> = vec![&schema["$defs"][name]];
        let mut found = BTreeSet::new();
        while let Some(part) = all.pop() {
            all.extend(part["oneOf"].as_array().into_iter().flatten());
            let values = part["enum"].as_array().into_iter().flatten().chain(part.get("const"));
            found.extend(values.filter_map(Value::as_str).map(str::to_owned));
        }
        found
    };
    assert_eq!(table("`gap`"), reasons("GapReason"));
    // Those of which no browser is told: it left, it was reset, or a gateway has it.
    let silent = ["client_closed", "error", "not_found", "slow_consumer"].map(str::to_owned);
    assert_eq!(table("`bye`"), &reasons("CloseReason") - &BTreeSet::from(silent));
}

#[tokio::test]
async fn requests_are_answered_as_the_table_says() {
    let backend = Backend::start().await;
    let authorize = format!("stream.authorize_url={}", backend.url());
    let daemon = Daemon::start(&["stream.max_connections=2", &authorize]).await;
    let host = daemon.public.to_string();
    let status = async |id: &str, host: &str, origin: &str| {
        let head = format!(
            "GET /api/sse/stream{id} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\n{origin}\r\n"
        );
        http::send(daemon.public, head.as_bytes()).await.status
    };
    let mut statuses = Vec::new();
    for (id, host, origin) in [
        ("", host.as_str(), ""),
        ("?request_id=a:b", &host, ""),
        ("?request_id=a", &host, "Origin: https://elsewhere.example\r\n"),
        ("?request_id=a", "elsewhere.example", ""),
    ] {
        statuses.push(status(id, host, origin).await);
    }
    backend.says(Say::status(401));
    statuses.push(status("?request_id=a", &host, "").await);
    backend.says(Say::status(200));
    let browser = Browser::open(daemon.public, "a").await;
    daemon.cli().run(&["connections", "disconnect", "a", "--no-reconnect", "--yes"]).await.expect(0);
    within("its end", browser.rest()).await;
    daemon.until_connected(0).await;
    statuses.push(status("?request_id=a", &host, "").await);
    let _others = until("all places are taken", async || {
        let others = [Browser::open(daemon.public, "b").await, Browser::open(daemon.public, "c").await];
        (daemon.connected().await.len() == 2).then_some(others)
    })
    .await;
    statuses.push(status("?request_id=d", &host, "").await);
    let said = rows(FRONTEND).skip_while(|row| row[0] != "request").skip(1);
    let said: Vec<u16> = said.map_while(|row| row[1].parse().ok()).collect();
    assert_eq!(statuses, said);
    daemon.stop().await;
}

/// Returns a tab of this daemon with an example in it.
async fn example<'a>(chromium: &'a Chromium, daemon: &Daemon, code: &str) -> Tab<'a> {
    let tab = chromium.blank(&format!("http://{}", daemon.public)).await;
    tab.run(code).await;
    daemon.until_connected(1).await;
    tab
}

#[tokio::test]
async fn chromium_runs_the_page_with_the_module() {
    let Some(chromium) = Chromium::start() else { return };
    let daemon = Daemon::start(&[]).await;
    let page = json!(blocks(FRONTEND, "html")[0]);
    let tab = example(&chromium, &daemon, &format!("await page.setContent({page})")).await;
    let shows = async |what: &str, text: &str| {
        tab.run(&format!("await page.locator({}, {{ hasText: {} }}).waitFor()", json!(what), json!(text)))
            .await;
    };
    let task = daemon.create_task(json!({"name": "t"})).await;
    daemon.task(&task, "progress", &json!({"text": "copying", "value": 0.4})).await.expect(200);
    shows("#tasks li", "copying: 40 %").await;
    daemon.task(&task, "complete", &json!({})).await.expect(200);
    shows("#tasks li", "copying: completed").await;
    daemon.queue(json!({"version": "1.0.1"})).await;
    shows("#news", "Version 1.0.1 is out.").await;
    daemon.stop().await;
}

#[tokio::test]
async fn chromium_runs_the_page_without_the_module() {
    let Some(chromium) = Chromium::start() else { return };
    let daemon = Daemon::start(&[]).await;
    let script = json!(format!(
        "const show = (version) => {{ document.title = version; }};\n{}",
        blocks(FRONTEND, "js")[0]
    ));
    let tab = example(&chromium, &daemon, &format!("await page.addScriptTag({{ content: {script} }})")).await;
    daemon.queue(json!({"version": "1.0.1"})).await;
    tab.run("await page.waitForFunction(() => document.title === '1.0.1', null, { polling: 20 })").await;
    let other = Browser::open(daemon.public, &daemon.connected().await[0]).await;
    tab.run(
        "await page.waitForFunction(() => source.readyState === EventSource.CLOSED, null, { polling: 20 })",
    )
    .await;
    drop(other);
    daemon.stop().await;
}
