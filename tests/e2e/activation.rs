//! Sockets that systemd holds open: restarts that nobody notices.

use std::{
    fs::File,
    future::Future,
    net::{SocketAddr, TcpListener},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::{UnixDatagram, UnixListener},
    },
    sync::atomic::{AtomicUsize, Ordering},
};

use serde_json::json;
use tokio::{
    net::{TcpSocket, UnixStream},
    sync::watch,
    task::JoinHandle,
};

use crate::{
    fakes::{
        backend::Backend,
        browser::Browser,
        gateway::{CALLBACK, Gateway, connect},
    },
    harness::{Home, gateway::GatewayProcess, http, sockets::Sockets, within},
};

fn tcp() -> (OwnedFd, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener.into(), address)
}

fn unix(home: &Home) -> OwnedFd {
    UnixListener::bind(home.path("c.sock")).unwrap().into()
}

#[tokio::test]
async fn sockets_are_known_by_their_names_and_win_over_the_settings() {
    let home = Home::new();
    let ((public, at_public), (internal, at_internal)) = (tcp(), tcp());
    let sockets = Sockets::new(vec![("control", unix(&home)), ("internal", internal), ("public", public)]);
    let mut daemon =
        home.start_activated(&sockets, &["listen.public=127.0.0.1:1", "control.socket=/no/s"]).await;
    assert_eq!((daemon.public, daemon.internal), (at_public, at_internal));
    let status = daemon.cli().json(&["status"]).await;
    assert_eq!(status["item"]["activated"], json!(["public", "internal", "control"]), "{status}");
    let words = daemon.cli().run(&["status"]).await.expect(0).stdout;
    assert_eq!(words.matches("held open by systemd").count(), 3, "{words}");
    Browser::open(at_public, "a").await;

    let stopped = daemon.cli().run(&["daemon", "stop"]).await.expect(0);
    assert!(stopped.stdout.contains("has stopped"), "{stopped:?}");
    let way_out = "systemctl stop ssectld-public.socket ssectld-internal.socket ssectld-control.socket";
    assert!(stopped.stderr.contains("warning:") && stopped.stderr.contains(way_out), "{stopped:?}");
    assert_eq!(daemon.ended().await.code(), Some(0));
    let home = daemon.leave();
    assert!(home.path("c.sock").exists(), "whoever opened it looks after it");
    home.start_activated(&sockets, &[]).await.stop().await;
}

#[tokio::test]
async fn what_is_not_handed_in_is_bound_as_ever() {
    let (public, at_public) = tcp();
    let sockets = Sockets::new(vec![("public", public)]);
    let daemon = Home::new().start_activated(&sockets, &[]).await;
    assert_eq!(daemon.public, at_public);
    let status = daemon.cli().json(&["status"]).await;
    assert_eq!(status["item"]["activated"], json!(["public"]), "{status}");
    http::get(daemon.internal, "/readyz").await.expect(200);
    let home = daemon.stop().await;
    let daemon = home.start(&[]).await;
    let stopped = daemon.cli().run(&["daemon", "stop"]).await.expect(0);
    assert!(!stopped.stderr.contains("warning:"), "{stopped:?}");
}

#[tokio::test]
async fn sockets_that_cannot_be_served_are_refused_by_name() {
    let file = || OwnedFd::from(File::open("/dev/null").unwrap());
    let silent = TcpSocket::new_v4().unwrap();
    silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let silent = silent.as_fd().try_clone_to_owned().unwrap();
    for (sockets, words) in [
        (vec![("pubic", tcp().0)], "named \"pubic\", which nothing here serves"),
        (vec![("unknown", tcp().0)], "FileDescriptorName=, one of public, internal, control"),
        (vec![("public", tcp().0), ("public", tcp().0)], "two sockets named \"public\""),
        (vec![("internal", silent)], "\"internal\" does not listen"),
        (vec![("public", file())], "\"public\" is no socket"),
        (vec![("control", tcp().0)], "must be a path"),
        (vec![("public", unix(&Home::new()))], "must be an IP address with a port"),
        (vec![("control", UnixDatagram::unbound().unwrap().into())], "must be a ListenStream="),
    ] {
        let home = Home::new();
        let mut command = Sockets::new(sockets).handed_to(&home.command(&[]), &home.path("log"));
        let status = within("ssectld to refuse", command.status()).await.unwrap();
        let log = std::fs::read_to_string(home.path("log")).unwrap();
        assert_eq!(status.code(), Some(78), "{words}: {log}");
        assert!(log.contains("error: ") && log.contains("hint: ") && log.contains(words), "{words}: {log}");
    }
}

#[tokio::test]
async fn an_activated_listener_that_others_reach_needs_a_secret_too() {
    let home = Home::new();
    let open = TcpListener::bind("0.0.0.0:0").unwrap();
    let sockets = Sockets::new(vec![("internal", open.into())]);
    let mut command = sockets.handed_to(&home.command(&[]), &home.path("log"));
    let status = within("ssectld to refuse", command.status()).await.unwrap();
    let log = std::fs::read_to_string(home.path("log")).unwrap();
    assert!(status.code() == Some(78) && log.contains("callback.secret_file"), "{log}");
}

#[tokio::test]
async fn sockets_of_another_process_are_left_alone() {
    let home = Home::new();
    let mut command = home.command(&[]);
    command.env("LISTEN_PID", "1").env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", "nonsense");
    home.start_command(command).await.stop().await;
}

#[tokio::test]
async fn the_gateway_takes_its_sockets_too() {
    let (backend, home) = (Backend::start().await, Home::new());
    let ((public, at_public), (internal, at_internal)) = (tcp(), tcp());
    let sockets = Sockets::new(vec![("internal", internal), ("public", public)]);
    let mut plain = home.command(&[&format!("gateway_server.callback_url={}", backend.url())]);
    plain.arg("gateway");
    let command = sockets.handed_to(&plain, &home.path("log"));
    let gateway = GatewayProcess::launch(home, command).await;
    assert_eq!((gateway.address, gateway.internal), (at_public, at_internal));
    Browser::open(at_public, "a").await;
    http::get(at_internal, "/metrics").await.expect(200);
}

/// Somebody who calls all the time, whoever serves.
struct Caller {
    answered: watch::Receiver<usize>,
    hung_up: watch::Sender<bool>,
    calling: JoinHandle<()>,
}

impl Caller {
    /// Calls one call after another; each panics unless it is answered.
    fn new<F: Future<Output = ()> + Send>(call: impl Fn() -> F + Send + Sync + 'static) -> Self {
        let ((count, answered), (hung_up, over)) = (watch::channel(0), watch::channel(false));
        let calling = tokio::spawn(async move {
            while !*over.borrow() {
                call().await;
                count.send_modify(|count| *count += 1);
            }
        });
        Self { answered, hung_up, calling }
    }

    /// Waits until so many more calls were answered.
    async fn answered(&self, more: usize) {
        let mut answered = self.answered.clone();
        let goal = *answered.borrow() + more;
        let enough = within("calls to be answered", answered.wait_for(|count| *count >= goal)).await.is_ok();
        assert!(enough, "a call was not answered");
    }

    async fn hang_up(self) {
        self.hung_up.send_replace(true);
        within("the last call", self.calling).await.expect("every call was answered");
    }
}

/// Restarts a daemon with these sockets again and again while there are calls.
async fn restarts(home: Home, sockets: &Sockets, settings: &[&str], callers: Vec<Caller>) {
    let mut daemon = home.start_activated(sockets, settings).await;
    for _ in 0..8 {
        for caller in &callers {
            caller.answered(10).await;
        }
        daemon = daemon.stop().await.start_activated(sockets, settings).await;
    }
    for caller in callers {
        caller.answered(1).await;
        caller.hang_up().await;
    }
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_refuse_no_callback() {
    static TOKENS: AtomicUsize = AtomicUsize::new(0);
    let (gateway, home) = (Gateway::start().await, Home::new());
    let (internal, at) = tcp();
    let sockets = Sockets::new(vec![("internal", internal)]);
    let call = move || async move {
        let token = format!("token-{}", TOKENS.fetch_add(1, Ordering::Relaxed));
        http::post(at, CALLBACK, &connect(&token, &token)).await.expect(200);
    };
    let callers = (0..4).map(|_| Caller::new(call)).collect();
    let [mode, url] = gateway.settings();
    restarts(home, &sockets, &[&mode, &url], callers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_refuse_no_browser_and_no_operator() {
    static TABS: AtomicUsize = AtomicUsize::new(0);
    let home = Home::new();
    let ((public, at), control) = (tcp(), home.path("c.sock"));
    let sockets = Sockets::new(vec![("public", public), ("control", unix(&home))]);
    let browse = move || async move {
        Browser::open(at, &format!("tab-{}", TABS.fetch_add(1, Ordering::Relaxed))).await;
    };
    let operate = move || {
        let control = control.clone();
        async move {
            let socket = UnixStream::connect(control).await.expect("it is open all the time");
            http::exchange(socket, &http::request("GET", "/v1/status", &[], b"")).await.expect(200);
        }
    };
    let callers = vec![Caller::new(browse), Caller::new(browse), Caller::new(browse), Caller::new(operate)];
    restarts(home, &sockets, &[], callers).await;
}
