//! Who may what.

use super::*;
use crate::control::operations;

/// Users by the role that the settings of [`Roled`] give them.
pub(super) const USERS: [(&str, u32); 5] = [
    ("none", 3_000_000_000),
    ("reader", 3_000_000_001),
    ("publisher", 3_000_000_002),
    ("operator", 3_000_000_003),
    ("admin", 3_000_000_004),
];

/// A daemon that knows [`USERS`], behind a socket that everybody may open.
pub(super) struct Roled {
    pub(super) daemon: Daemon,
    router: axum::Router,
    accounts: Arc<Accounts>,
}

impl Roled {
    pub(super) async fn start() -> Self {
        Self::start_with(None).await
    }

    pub(super) async fn start_with(fleet: Option<Arc<dyn crate::fleet::Fleet>>) -> Self {
        let daemon = Daemon::start_with(fleet).await;
        let services = daemon.services();
        let mut config = Config::default();
        let list = |role: &'static str| {
            USERS.iter().filter(move |user| user.0 == role).map(|user| user.1.to_string())
        };
        config.access.readers = list("reader").collect();
        config.access.publishers = list("publisher").collect();
        config.access.operators = list("operator").collect();
        config.access.admins = list("admin").collect();
        services.access.replace(Access::load(&config).expect("numbers are known"));
        let door = Door { group: 1, group_name: Some("operators".into()), members_only: false };
        let guard = Guard { services: Arc::clone(services), door: Arc::new(door) };
        let router = crate::control::server::router(services, guard);
        Self { router, daemon, accounts: Arc::new(Accounts::start()) }
    }

    async fn ask(&self, uid: u32, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.send(uid, method, path, Body::from(body.to_string())).await
    }

    pub(super) async fn send(&self, uid: u32, method: &str, path: &str, body: Body) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path).body(body);
        let mut request = request.expect("a request");
        let visitor = Visitor {
            uid,
            gid: uid,
            pid: None,
            groups: Vec::new(),
            accounts: Arc::clone(&self.accounts),
            peer: OnceCell::new(),
        };
        request.extensions_mut().insert(Arc::new(visitor));
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&body).expect("JSON"))
    }
}

#[tokio::test]
async fn every_route_needs_a_role_and_is_shut_to_lower_ones() {
    let roled = Roled::start().await;
    // With tasks and connections that do not exist: 404 says that the caller was let through.
    let routes = [
        ("reader", "GET", "/v1/status", json!({})),
        ("reader", "GET", "/v1/connections", json!({})),
        ("reader", "GET", "/v1/connections/absent", json!({})),
        ("reader", "GET", "/v1/connections/disconnect", json!({})),
        ("reader", "GET", "/v1/connections/blocked", json!({})),
        ("reader", "GET", "/v1/connections/events?filter=x", json!({})),
        ("reader", "GET", "/v1/versions", json!({})),
        ("reader", "GET", "/v1/versions/current", json!({})),
        ("reader", "GET", "/v1/versions/history", json!({})),
        ("reader", "GET", "/v1/versions/status", json!({})),
        ("reader", "GET", "/v1/versions/1/delivery", json!({})),
        ("reader", "GET", "/v1/wait/ready", json!({})),
        ("reader", "GET", "/v1/wait/drained", json!({})),
        ("reader", "GET", "/v1/wait/version", json!({})),
        ("reader", "GET", "/v1/wait/task", json!({})),
        ("reader", "GET", "/v1/tasks", json!({})),
        ("reader", "GET", "/v1/tasks/absent", json!({})),
        ("reader", "GET", "/v1/tasks/absent/events", json!({})),
        ("publisher", "POST", "/v1/versions", json!({"version": "1"})),
        ("publisher", "POST", "/v1/events", json!({"name": "x", "data": 1})),
        ("publisher", "POST", "/v1/tasks", json!({"name": "Import"})),
        ("publisher", "POST", "/v1/tasks/absent/progress", json!({})),
        ("publisher", "POST", "/v1/tasks/absent/complete", json!({})),
        ("publisher", "POST", "/v1/tasks/absent/fail", json!({})),
        ("reader", "GET", "/v1/events?filter=x", json!({})),
        ("publisher", "GET", "/v1/tasks/absent/hold", json!({})),
        ("operator", "POST", "/v1/tasks/absent/cancel", json!({})),
        ("operator", "POST", "/v1/tasks/absent/remove", json!({})),
        ("operator", "POST", "/v1/versions/clear", json!({})),
        ("operator", "POST", "/v1/connections/disconnect", json!({"request_ids": ["absent"]})),
        ("operator", "POST", "/v1/connections/disconnect", json!({"all": true, "dry_run": true})),
        ("operator", "POST", "/v1/connections/unblock", json!({"request_ids": ["absent"]})),
        ("operator", "GET", "/v1/audit", json!({})),
        ("reader", "GET", "/v1/openapi.json", json!({})),
        ("reader", "GET", "/v1/members", json!({})),
        ("reader", "GET", "/v1/daemon/drain", json!({})),
        ("admin", "POST", "/v1/daemon/drain", json!({"over_ms": 1})),
        ("admin", "POST", "/v1/daemon/drain/cancel", json!({})),
        ("reader", "GET", "/v1/daemon/log-level", json!({})),
        ("admin", "POST", "/v1/daemon/log-level", json!({"filter": "debug"})),
        ("admin", "POST", "/v1/daemon/reload", json!({})),
        ("admin", "POST", "/v1/daemon/stop", json!({})),
    ];
    for operation in operations::ALL.iter().copied().flatten() {
        let path = operation
            .path
            .replace("{request_id}", "absent")
            .replace("{id}", "absent")
            .replace("{sequence}", "1");
        let method = operation.method.key().to_uppercase();
        let place = |route: &(&str, &str, &str, Value)| route.2.split('?').next() == Some(&*path);
        let tried = |route: &(&str, &str, &str, Value)| route.1 == method && place(route);
        let role = routes.iter().find(|route| tried(route)).map(|route| route.0.to_owned());
        assert_eq!(role, Some(operation.role().to_string()), "{}", operation.name);
    }
    let rank = |role: &str| USERS.iter().position(|user| user.0 == role).expect("a role");
    for (needed, method, path, body) in routes {
        for (role, uid) in USERS {
            let (status, answer) = roled.ask(uid, method, path, body.clone()).await;
            let may = rank(role) >= rank(needed);
            assert_eq!(status != 403, may, "{role}: {method} {path} → {status} {answer}");
            if !may {
                assert_eq!(answer["error"]["code"], "denied");
                let message =
                    format!("uid {uid} may not do this: it needs the role {needed}, and theirs is {role}");
                assert_eq!(answer["error"]["message"], json!(message), "{method} {path}");
                let hint = answer["error"]["hint"].as_str().expect("what to type");
                assert!(hint.contains(&format!("add \"{uid}\" to access.{needed}s")), "{hint}");
            }
        }
    }
}

#[tokio::test]
async fn tokens_are_whole_for_operators_only() {
    let roled = Roled::start().await;
    roled.daemon.connect("a");
    for (role, uid) in USERS.iter().skip(1) {
        let whole = ["operator", "admin"].contains(role);
        let token = if whole { "token-of-a" } else { "token-of" };
        assert_eq!(roled.ask(*uid, "GET", "/v1/connections/a", json!({})).await.1["item"]["token"], token);
        let list = roled.ask(*uid, "GET", "/v1/connections", json!({})).await.1;
        assert_eq!(list["items"][0]["token"], token, "{role}");
    }
}

#[tokio::test]
async fn roles_change_between_two_requests() {
    let roled = Roled::start().await;
    let (_, reader) = USERS[1];
    assert_eq!(roled.ask(reader, "GET", "/v1/status", json!({})).await.0, 200);
    roled.daemon.services().access.replace(Access::load(&Config::default()).expect("nobody is named"));
    assert_eq!(roled.ask(reader, "GET", "/v1/status", json!({})).await.0, 403);
}
