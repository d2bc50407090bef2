//! What tests ask of a daemon over its control socket, in words of the domain.

use serde_json::{Value, json};
use tokio::net::UnixStream;

use super::{Daemon, Metrics, Response, contract, http, until};

impl Daemon {
    /// `GET` of the control API.
    pub async fn ask(&self, target: &str) -> Response {
        self.control(&http::request("GET", target, &[], b"")).await
    }

    /// `POST` to the control API.
    pub async fn tell(&self, target: &str, body: &Value) -> Response {
        let json = [("Content-Type", "application/json")];
        self.control(&http::request("POST", target, &json, body.to_string().as_bytes())).await
    }

    /// Sends bytes to the control socket and reads the answer.
    pub async fn control(&self, request: &[u8]) -> Response {
        let response = http::exchange(self.connect().await, request).await;
        contract::check_status(request, &response);
        response
    }

    /// Connects to the control socket.
    pub async fn connect(&self) -> UnixStream {
        UnixStream::connect(self.home().path("c.sock")).await.expect("the control socket accepts")
    }

    /// Queues a version and returns the receipt.
    pub async fn queue(&self, order: Value) -> Value {
        self.tell("/v1/versions", &order).await.expect(200).json()["item"].take()
    }

    /// Sends an event to everyone.
    pub async fn event(&self, name: &str, data: &Value) {
        self.tell("/v1/events", &json!({"name": name, "data": data})).await.expect(200);
    }

    /// Starts a built-in task and returns its id.
    pub async fn start_task(&self, builtin: &str, params: Value) -> String {
        self.create_task(json!({"builtin": builtin, "params": params})).await
    }

    /// Creates a task and returns its id.
    pub async fn create_task(&self, order: Value) -> String {
        let receipt = self.tell("/v1/tasks", &order).await.expect(200).json();
        receipt["item"]["task_id"].as_str().expect("a receipt names the task").to_owned()
    }

    /// Does something to a task.
    pub async fn task(&self, id: &str, verb: &str, order: &Value) -> Response {
        self.tell(&format!("/v1/tasks/{id}/{verb}"), order).await
    }

    /// Returns a task as the daemon shows it.
    pub async fn show_task(&self, id: &str) -> Value {
        self.ask(&format!("/v1/tasks/{id}")).await.expect(200).json()["item"].take()
    }

    /// Waits until a task has this status.
    pub async fn until_task(&self, id: &str, status: &str) -> Value {
        until(&format!("task {id} {status}"), async || {
            Some(self.show_task(id).await).filter(|task| task["status"] == status)
        })
        .await
    }

    /// Returns the request ids that are connected.
    pub async fn connected(&self) -> Vec<String> {
        let list = self.ask("/v1/connections").await.expect(200).json();
        let items = list["items"].as_array().expect("a list has items");
        items.iter().map(|item| item["request_id"].as_str().expect("an id").to_owned()).collect()
    }

    /// Waits until this many connections are registered.
    pub async fn until_connected(&self, count: usize) {
        until(&format!("{count} connections"), async || {
            Some(self.connected().await).filter(|ids| ids.len() == count)
        })
        .await;
    }

    /// Returns its metrics.
    pub async fn metrics(&self) -> Metrics {
        Metrics::parse(&http::get(self.internal, "/metrics").await.expect(200).body)
    }

    /// Waits until something holds of its metrics.
    pub async fn until_metrics(&self, what: &str, holds: impl Fn(&Metrics) -> bool) -> Metrics {
        until(what, async || Some(self.metrics().await).filter(&holds)).await
    }
}
