//! What systemd is told of a daemon's life: ready once it serves, alive while its parts answer.

use std::{net::SocketAddr, process::Stdio, time::Duration};

use serde_json::json;
use ssectl_core::app::Parts;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::UnixDatagram,
    process::Command,
};

use crate::harness::{
    Daemon, Home, http,
    in_process::{Commits, FickleStore, Inside},
    until, within,
};

const ALIVE: &str = "WATCHDOG=1";

/// Starts a daemon whose watchdog bites after this time.
async fn watched(limit: Duration) -> Daemon {
    let home = Home::new();
    let mut command = home.command(&[]);
    command.env("WATCHDOG_USEC", limit.as_micros().to_string());
    home.start_command(command).await
}

#[tokio::test]
async fn ready_is_said_when_every_door_serves() {
    let home = Home::new();
    let notices = UnixDatagram::bind(home.path("n.sock")).unwrap();
    let mut command = home.command(&[]);
    command.env("NOTIFY_SOCKET", home.path("n.sock")).stdout(Stdio::null()).stderr(Stdio::null());
    let _daemon = command.spawn().unwrap();
    let mut buffer = [0; 4096];
    let length = within("the first notice", notices.recv(&mut buffer)).await.unwrap();
    let first = String::from_utf8_lossy(&buffer[..length]).into_owned();
    assert!(first.starts_with("READY=1\n"), "{first}");
    let doors: Vec<SocketAddr> = first.split([' ', ',', '\n']).filter_map(|word| word.parse().ok()).collect();
    assert_eq!(doors.len(), 2, "{first}");
    for door in doors {
        http::get(door, "/readyz").await.expect(200);
    }
    home.cli().run(&["status"]).await.expect(0);
}

#[tokio::test]
async fn the_watchdog_hears_of_a_daemon_that_lives() {
    let daemon = watched(Duration::from_millis(300)).await;
    for _ in 0..5 {
        daemon.notice(ALIVE).await;
    }
    daemon.create_task(json!({"name": "held by the test"})).await;
    daemon.signal("TERM").await;
    daemon.notice("STOPPING=1").await;
    daemon.notice(ALIVE).await;
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_named_and_one_that_failed_is_alive() {
    let (store, patience) = (FickleStore::new(), Duration::from_millis(50));
    let daemon = Inside::start(Parts { store: Some(store.clone()), ..Parts::default() }, |_| {}).await;
    let services = daemon.running.services().clone();
    assert_eq!(services.pulse(Duration::from_secs(30)).await, Ok(()));
    store.now(Commits::Hang);
    assert_eq!(services.pulse(patience).await, Err("store"));
    store.now(Commits::Fail);
    assert_eq!(services.pulse(Duration::from_secs(30)).await, Ok(()));
}

#[tokio::test]
async fn strace_a_daemon_whose_disk_is_stuck_is_not_told_to_be_alive() {
    const STUCK: &str = "the watchdog is not told";
    let daemon = watched(Duration::from_millis(900)).await;
    daemon.notice(ALIVE).await;
    let mut strace = Command::new("strace");
    strace.args(["-f", "-e", "inject=fsync,fdatasync:delay_enter=600s", "-p", &daemon.pid().to_string()]);
    let mut strace = strace.stderr(Stdio::piped()).kill_on_drop(true).spawn().expect("strace can be run");
    let mut said = BufReader::new(strace.stderr.take().unwrap()).lines();
    within("strace to attach", async {
        while !said.next_line().await.unwrap().expect("strace goes on").contains("attached") {}
    })
    .await;
    let order = json!({"version": "1"});
    tokio::select! {
        answer = daemon.tell("/v1/versions", &order) => panic!("{answer:?}"),
        () = until("two complaints", async || {
            (daemon.log().matches(STUCK).count() >= 2).then_some(())
        }) => {}
    }
    let told = daemon.notices();
    let complaints = daemon.log().matches(STUCK).count();
    until("one more", async || (daemon.log().matches(STUCK).count() > complaints).then_some(())).await;
    assert!(!daemon.notices().contains(ALIVE), "not a word: {told}");
    assert!(daemon.log().contains("store"), "it says what is stuck");
    strace.kill().await.unwrap();
    daemon.notice(ALIVE).await;
}
