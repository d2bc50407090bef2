//! What gateway and daemon say to each other.

use serde_json::{Value, json};

/// Where the gateway calls back.
pub const CALLBACK: &str = "/api/sse/callback";

/// A request to `/internal/send`, in order of arrival.
#[derive(Clone, Debug)]
pub struct Sent {
    pub token: String,
    pub body: Value,
    /// The body byte for byte.
    pub raw: String,
    pub content_type: String,
}

impl Sent {
    /// Returns the event's name, if there is an event.
    pub fn name(&self) -> Option<&str> {
        self.body["event"]["name"].as_str()
    }

    /// Returns the event's data as JSON; null if there is no event.
    pub fn data(&self) -> Value {
        let text = self.body["event"]["data"].as_str();
        text.map_or(Value::Null, |text| serde_json::from_str(text).expect("data is JSON"))
    }

    /// Returns whether it asks to end the stream.
    pub fn closes(&self) -> bool {
        self.body["close"] == json!(true)
    }
}

/// Returns the callback of a connect, byte for byte as the gateway writes it.
pub fn connect(request_id: &str, token: &str) -> Value {
    json!({"action": "connect", "token": token, "request": request(request_id)})
}

/// Returns the callback of a disconnect.
pub fn disconnect(request_id: &str, token: &str) -> Value {
    json!({"action": "disconnect", "reason": "client_closed", "token": token, "request": request(request_id)})
}

fn request(request_id: &str) -> Value {
    json!({
        "url": format!("/api/sse/stream?request_id={request_id}"),
        "headers": {
            "host": "localhost:3002",
            "user-agent": "Mozilla/5.0 (test)",
            "accept": "text/event-stream",
            "set-cookie": ["a=1"],
        },
    })
}
