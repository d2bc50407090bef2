//! A daemon in gateway mode with a fake gateway, for tests of the internal listener.

use std::sync::Arc;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    app::{App, Parts, Running},
    config::{Config, Mode},
    delivery::gateway::fake::{FakeGateway, Reply},
    store::MemoryStore,
};

pub(super) struct House {
    pub(super) gateway: FakeGateway,
    pub(super) running: Running,
    client: reqwest::Client,
    _dir: tempfile::TempDir,
}

/// What came back: status, content type, body.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) code: u16,
    pub(super) media_type: String,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

impl House {
    pub(super) async fn start(change: impl FnOnce(&mut Config)) -> Self {
        Self::with(|_| Reply::Status(200), change).await
    }

    pub(super) async fn with(
        script: impl Fn(&Value) -> Reply + Send + Sync + 'static,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let gateway = FakeGateway::start(script).await;
        let dir = tempfile::tempdir().expect("a directory");
        let mut config = Config { mode: Mode::Gateway, testing: true, ..Config::default() };
        config.listen.public = ([127, 0, 0, 1], 0).into();
        config.listen.internal = ([127, 0, 0, 1], 0).into();
        config.control.socket = dir.path().join("s");
        config.state.dir = dir.path().to_owned();
        config.gateway.url = gateway.url();
        change(&mut config);
        let parts = Parts { store: Some(Arc::new(MemoryStore::default())), ..Parts::default() };
        let running = App::start(config, parts).await.expect("starts");
        let url = crate::outbound::parse("http://127.0.0.1").expect("a URL");
        let limit = std::time::Duration::from_secs(20);
        let client = crate::outbound::client(&url, limit, |builder| builder).expect("a client");
        Self { gateway, running, client, _dir: dir }
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.running.services().bound.internal))
    }

    pub(super) async fn ask(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let code = response.status().as_u16();
        let media_type = response.headers().get("content-type").map_or("", |v| v.to_str().expect("text"));
        let media_type = media_type.to_owned();
        Answer { code, media_type, body: response.text().await.expect("a body") }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.ask(self.request(Method::GET, path)).await
    }

    pub(super) async fn post(&self, path: &str, body: impl ToString) -> Answer {
        let request = self.request(Method::POST, path).header("content-type", "application/json");
        self.ask(request.body(body.to_string())).await
    }

    pub(super) async fn connect(&self, id: &str, token: &str) {
        let request = json!({ "url": format!("/x?request_id={id}"), "headers": {} });
        let body = json!({ "action": "connect", "token": token, "request": request });
        let answer = self.post("/api/sse/callback", body).await;
        assert_eq!((answer.code, answer.body.as_str()), (200, "{}\n"));
    }
}
