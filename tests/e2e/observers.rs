//! Observers: told in order, each by itself, and never in the way of a connect.

use std::sync::{Arc, Mutex, OnceLock};

use futures_util::future::BoxFuture;
use serde_json::json;
use ssectl_core::{
    app::Parts,
    connection::Connection,
    delivery::Directory,
    registry::{ConnectionObserver, ObserverError},
    services::Services,
};
use tokio::sync::mpsc;

use crate::{
    fakes::{
        browser::Browser,
        gateway::{CALLBACK, connect},
    },
    harness::{Metrics, http, in_process::Inside, until, within},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Behaves,
    Fails,
    Panics,
    Hangs,
}

struct Observer {
    name: &'static str,
    manner: Manner,
    told: mpsc::Sender<(&'static str, String)>,
}

impl ConnectionObserver for Observer {
    fn name(&self) -> &'static str {
        self.name
    }

    fn connected<'a>(&'a self, connection: &'a Arc<Connection>) -> BoxFuture<'a, Result<(), ObserverError>> {
        Box::pin(async move {
            self.told.send((self.name, connection.request_id.to_string())).await?;
            match self.manner {
                Manner::Behaves => Ok(()),
                Manner::Fails => Err("as the test wants it".into()),
                Manner::Panics => panic!("as the test wants it"),
                Manner::Hangs => std::future::pending().await,
            }
        })
    }
}

type Told = mpsc::Receiver<(&'static str, String)>;

fn observers(manners: [Manner; 2]) -> (Parts, Told) {
    let (told, heard) = mpsc::channel(16);
    let names = ["first", "second"];
    let observers = names.iter().zip(manners).map(|(name, manner)| {
        Arc::new(Observer { name, manner, told: told.clone() }) as Arc<dyn ConnectionObserver>
    });
    let parts = Parts {
        observers: observers.collect(),
        observer_limit: std::time::Duration::from_millis(200),
        ..Parts::default()
    };
    (parts, heard)
}

async fn hear(told: &mut Told) -> (&'static str, String) {
    within("an observer to be told", told.recv()).await.expect("observers live as long as the daemon")
}

#[tokio::test]
async fn obs_1_an_observer_is_told_the_id_once_the_connection_is_registered() {
    struct Looks(OnceLock<Arc<Services>>, mpsc::Sender<bool>);
    impl ConnectionObserver for Looks {
        fn name(&self) -> &'static str {
            "looks"
        }
        fn connected<'a>(
            &'a self,
            connection: &'a Arc<Connection>,
        ) -> BoxFuture<'a, Result<(), ObserverError>> {
            Box::pin(async move {
                // It asks the registry: outside its lock, or this would never end.
                let registry = &self.0.get().expect("set before the first connect").registry;
                self.1.send(registry.find(&connection.request_id).is_some()).await?;
                Ok(())
            })
        }
    }
    let (told, mut heard) = mpsc::channel(1);
    let looks = Arc::new(Looks(OnceLock::new(), told));
    let parts = Parts { observers: vec![Arc::clone(&looks) as _], ..Parts::default() };
    let daemon = Inside::start(parts, |_| {}).await;
    assert!(looks.0.set(Arc::clone(daemon.running.services())).is_ok());
    let _browser = Browser::open(daemon.public, "a").await;
    assert_eq!(within("the observer", heard.recv()).await, Some(true));
}

#[tokio::test]
async fn obs_2_several_are_told_in_registration_order() {
    let (parts, mut told) = observers([Manner::Behaves; 2]);
    let daemon = Inside::start(parts, |_| {}).await;
    for id in ["a", "b"] {
        let browser = Browser::open(daemon.public, id).await;
        assert_eq!(hear(&mut told).await, ("first", id.to_owned()));
        assert_eq!(hear(&mut told).await, ("second", id.to_owned()));
        drop(browser);
    }
    daemon.stop().await;
}

#[tokio::test]
async fn obs_3_one_that_fails_panics_or_hangs_stops_nobody_else() {
    for (manner, fault) in [(Manner::Fails, "error"), (Manner::Panics, "panic"), (Manner::Hangs, "time_out")]
    {
        let (parts, mut told) = observers([manner, Manner::Behaves]);
        let daemon = Inside::start(parts, |_| {}).await;
        let mut browser = Browser::open(daemon.public, "a").await;
        assert_eq!(hear(&mut told).await.0, "first");
        assert_eq!(hear(&mut told).await.0, "second", "{manner:?}");
        let send = json!({"name": "marker", "data": 1});
        let socket = tokio::net::UnixStream::connect(daemon.home.path("c.sock")).await.unwrap();
        let json = [("Content-Type", "application/json")];
        let request = http::request("POST", "/v1/events", &json, send.to_string().as_bytes());
        http::exchange(socket, &request).await.expect(200);
        assert_eq!(browser.next_event().await.name, "marker", "the connection stays");
        let sample = format!(r#"ssectld_observer_faults_total{{fault="{fault}"}}"#);
        until(&sample, async || {
            let scrape = Metrics::parse(&http::get(daemon.internal, "/metrics").await.body);
            (scrape.value(&sample) == 1.0).then_some(())
        })
        .await;
        daemon.stop().await;
    }
}

#[tokio::test]
async fn obs_4_a_connect_never_fails_because_of_an_observer() {
    for manner in [Manner::Fails, Manner::Panics, Manner::Hangs] {
        let (mut parts, mut told) = observers([manner, Manner::Behaves]);
        // Longer than the test may take: the answer does not wait for it.
        parts.observer_limit = std::time::Duration::from_secs(3600);
        let daemon = Inside::start(parts, |config| {
            config.mode = ssectl_core::config::Mode::Gateway;
            config.gateway.url = "http://127.0.0.1:1".to_owned();
        })
        .await;
        let answer = http::post(daemon.internal, CALLBACK, &connect("a", "t")).await.expect(200);
        assert_eq!(answer.json(), json!({}));
        assert_eq!(hear(&mut told).await.0, "first");
        assert_eq!(daemon.running.services().registry.count(), 1);
    }
}

#[tokio::test]
async fn observers_of_one_connection_do_not_hold_up_those_of_another() {
    struct HangsFor(&'static str, Mutex<Option<mpsc::Sender<String>>>);
    impl ConnectionObserver for HangsFor {
        fn name(&self) -> &'static str {
            "hangs for one"
        }
        fn connected<'a>(
            &'a self,
            connection: &'a Arc<Connection>,
        ) -> BoxFuture<'a, Result<(), ObserverError>> {
            Box::pin(async move {
                if connection.request_id.as_str() == self.0 {
                    std::future::pending::<()>().await;
                }
                let told = self.1.lock().expect("not poisoned").clone();
                told.expect("set").send(connection.request_id.to_string()).await?;
                Ok(())
            })
        }
    }
    let (told, mut heard) = mpsc::channel(1);
    let parts = Parts {
        observers: vec![Arc::new(HangsFor("stuck", Mutex::new(Some(told))))],
        observer_limit: std::time::Duration::from_secs(3600),
        ..Parts::default()
    };
    let daemon = Inside::start(parts, |_| {}).await;
    let _stuck = Browser::open(daemon.public, "stuck").await;
    let _quick = Browser::open(daemon.public, "quick").await;
    assert_eq!(within("the other observer", heard.recv()).await.as_deref(), Some("quick"));
}
