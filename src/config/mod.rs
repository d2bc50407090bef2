//! Typed settings with their defaults: everything that the file, the environment and `--set` may say.
//!
//! [`load`] reads and checks them, [`render`] prints them with the origin of each, [`state_dir`] finds the state
//! directory.

pub mod duration;
mod environment;
mod error;
mod keys;
mod load;
mod reload;
mod show;
mod state_dir;
mod validate;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

pub use environment::Environment;
pub use error::{ConfigError, Origin, Problem};
pub use keys::{ENVIRONMENT_PREFIX, Key, all as all_keys};
pub use load::{Loaded, Sources, load};
pub use reload::{AT_ONCE, Changes};
pub use show::render;
pub use state_dir::{StateDir, state_dir};
#[cfg(feature = "daemon")]
pub(crate) use validate::{in_cluster_name, log_level as check_log_level};

/// Who holds the browsers' connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The daemon.
    #[default]
    Embedded,
    /// An external SSE gateway.
    Gateway,
}

/// The form of events on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// `event: name` and `data: {json}`.
    #[default]
    Named,
    /// Unnamed, `data: {"type":"name","payload":{json}}`.
    Envelope,
}

/// Declares a section: its fields with defaults, each refusing unknown keys.
macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
}

section! {
    /// All settings. `Config::default()` is a daemon that runs.
    Config {
        /// Who holds the browsers' connections.
        mode: Mode = Mode::Embedded,
        /// The form of events on the wire of embedded streams.
        framing: Framing = Framing::Named,
        /// Whether the `/api/testing` endpoints are open.
        testing: bool = false,
        /// Whether the page at `/` and the built-in tasks are there.
        demo: bool = true,
        /// Fetched on connect when nothing is pending; empty: nothing is fetched.
        frontend_version_url: String = String::new(),
        /// TCP listeners.
        listen: ListenConfig = ListenConfig::default(),
        /// The control socket.
        control: ControlConfig = ControlConfig::default(),
        /// Who may do what over it.
        access: AccessConfig = AccessConfig::default(),
        /// The gateway's callbacks.
        callback: CallbackConfig = CallbackConfig::default(),
        /// The door for application backends.
        publish: PublishConfig = PublishConfig::default(),
        /// The external gateway.
        gateway: GatewayConfig = GatewayConfig::default(),
        /// `ssectld gateway`.
        gateway_server: GatewayServerConfig = GatewayServerConfig::default(),
        /// Streams.
        stream: StreamConfig = StreamConfig::default(),
        /// Tasks.
        tasks: TasksConfig = TasksConfig::default(),
        /// The state directory.
        state: StateConfig = StateConfig::default(),
        /// Events.
        events: EventsConfig = EventsConfig::default(),
        /// Several daemons as one.
        cluster: ClusterConfig = ClusterConfig::default(),
        /// Shutdown.
        shutdown: ShutdownConfig = ShutdownConfig::default(),
        /// Logging.
        log: LogConfig = LogConfig::default(),
    }
}

section! {
    /// `[listen]`
    ListenConfig {
        /// Streams, the page, health. May bind anywhere.
        public: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8090)),
        /// Callbacks, metrics, publishers. Not loopback only with a secret.
        internal: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8091)),
        /// Names besides this machine's own under which both serve; see [`crate::hosts`].
        hosts: Vec<String> = Vec::new(),
    }
}

section! {
    /// `[control]`
    ControlConfig {
        /// The control socket; empty: found as `ssectl` finds it.
        socket: PathBuf = PathBuf::new(),
        /// The group of its file, by name or number; empty: that of the daemon.
        group: String = String::new(),
        /// Who may open it.
        open_to: OpenTo = OpenTo::Group,
    }
}

/// Whom the mode of the control socket lets through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenTo {
    /// The daemon's own user.
    Owner,
    /// Its group too.
    #[default]
    Group,
    /// Everybody on this machine: `access` alone says who may do what.
    Everyone,
}

section! {
    /// `[access]`: users by name or number, groups with an `@` before it.
    AccessConfig {
        /// Besides root and the daemon's own user.
        admins: Vec<String> = Vec::new(),
        /// Besides the group of the control socket.
        operators: Vec<String> = Vec::new(),
        /// They queue versions, send events and report tasks.
        publishers: Vec<String> = Vec::new(),
        /// They look.
        readers: Vec<String> = Vec::new(),
    }
}

section! {
    /// `[callback]`
    CallbackConfig {
        /// A file with the secret that callbacks must show; empty: none.
        secret_file: PathBuf = PathBuf::new(),
    }
}

section! {
    /// `[publish]`
    PublishConfig {
        /// A file with the bearer token of application backends; empty: their door is shut.
        token_file: PathBuf = PathBuf::new(),
    }
}

section! {
    /// `[gateway]`
    GatewayConfig {
        /// Where the external gateway listens.
        url: String = "http://127.0.0.1:3000".to_owned(),
        /// The longest that one request to it may take.
        #[serde(with = "duration")]
        timeout: Duration = Duration::from_secs(5),
        /// Requests under way at once, over all connections.
        in_flight: usize = 64,
        /// A file with the secret that the gateway's `/internal/send` asks for; empty: none.
        secret_file: PathBuf = PathBuf::new(),
    }
}

section! {
    /// `[gateway_server]`
    GatewayServerConfig {
        /// Streams, `/internal/send`, health.
        listen: SocketAddr = SocketAddr::from(([0; 16], 3000)),
        /// Asked before a stream opens and told when it ends; empty: no stream opens.
        callback_url: String = String::new(),
        /// A file with the secret that `/internal/send` asks for; empty: none.
        secret_file: PathBuf = PathBuf::new(),
        /// Metrics and health, at an address of their own; empty: nowhere.
        internal: String = String::new(),
    }
}

section! {
    /// `[stream]`
    StreamConfig {
        /// Between comments on an idle stream.
        #[serde(with = "duration")]
        heartbeat: Duration = Duration::from_secs(15),
        /// What may wait for one connection, in bytes.
        outbox_bytes: usize = 65_536,
        /// How long a connection may refuse to take bytes.
        #[serde(with = "duration")]
        write_deadline: Duration = Duration::from_secs(10),
        /// How long a stream may live; 0s: for ever.
        #[serde(with = "duration")]
        max_lifetime: Duration = Duration::ZERO,
        /// Open streams at most; 0: from the limit of file descriptors.
        max_connections: usize = 0,
        /// Events kept for replay.
        history_events: usize = 1000,
        /// The most that they take, in bytes.
        history_bytes: usize = 4_194_304,
        /// How long they are kept.
        #[serde(with = "duration")]
        history_age: Duration = Duration::from_secs(300),
        /// Exact origins that may read streams.
        cors_origins: Vec<String> = Vec::new(),
        /// Connect and disconnect callbacks for embedded streams; empty: none.
        authorize_url: String = String::new(),
        /// Open streams of one address at most; 0: no limit.
        per_ip: usize = 0,
        /// New streams a second at most; 0: no limit.
        accept_rate: usize = 0,
        /// Addresses whose `X-Forwarded-For` is believed.
        trusted_proxies: Vec<String> = Vec::new(),
    }
}

section! {
    /// `[tasks]`
    TasksConfig {
        /// Built-in tasks that run at once; more wait.
        max_running: usize = 4,
        /// How long a built-in task may run.
        #[serde(with = "duration")]
        timeout: Duration = Duration::from_secs(300),
        /// How long ended tasks are listed.
        #[serde(with = "duration")]
        keep_finished: Duration = Duration::from_secs(600),
        /// A reporter silent for this long has lost its task.
        #[serde(with = "duration")]
        lease: Duration = Duration::from_secs(60),
    }
}

section! {
    /// `[state]`
    StateConfig {
        /// The state directory; empty: `$STATE_DIRECTORY`, else `$XDG_STATE_HOME/ssectld`.
        dir: PathBuf = PathBuf::new(),
    }
}

section! {
    /// `[events]`
    EventsConfig {
        /// The largest event, encoded.
        max_bytes: usize = crate::event::MAX_EVENT_BYTES,
    }
}

section! {
    /// `[cluster]`
    ClusterConfig {
        /// The NATS servers, separated by commas; empty: this daemon is alone.
        nats_url: String = String::new(),
        /// The cluster's name.
        name: String = "ssectl".to_owned(),
        /// This daemon's name in it; empty: the host's.
        member: String = String::new(),
        /// A file with the credentials that NATS asks for; empty: none.
        credentials_file: PathBuf = PathBuf::new(),
        /// Copies that JetStream keeps; 0: 3 where the servers are a cluster, else 1.
        replicas: usize = 0,
    }
}

section! {
    /// `[shutdown]`
    ShutdownConfig {
        /// How long running tasks may still take.
        #[serde(with = "duration")]
        grace: Duration = Duration::from_secs(30),
        /// Embedded streams are closed spread over this.
        #[serde(with = "duration")]
        spread: Duration = Duration::from_secs(5),
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// `journald` under systemd, else `text`.
    #[default]
    Auto,
    /// For people.
    Text,
    /// One object a line.
    Json,
    /// systemd's journal.
    Journald,
}

section! {
    /// `[log]`
    LogConfig {
        /// `info`, or per target as tracing has it: `info,ssectl_core::registry=debug`.
        level: String = "info".to_owned(),
        /// How lines look.
        format: LogFormat = LogFormat::Auto,
    }
}

/// For [`crate::fuzzing`]: a configuration file.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(text: &str) {
    let mut loaded = Loaded::default();
    match load::from_text(std::path::Path::new("any.toml"), text, &mut loaded) {
        Ok(_) => drop((validate::problems(&loaded), render(&loaded))),
        Err(error) => assert!(error.to_string().contains("any.toml:")),
    }
}

#[cfg(test)]
mod tests;
