//! `nats-server` as processes with JetStream: one alone, or three that are a cluster.
//!
//! They have a loopback address of their own, so that one that is started again finds its ports free.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::timeout,
};

use super::{http, nats_login::Operator, until, within};

const PROGRAM: &str = "nats-server";
/// Below all ports that the kernel gives away.
const CLIENTS: u16 = 24_222;
const ROUTES: u16 = 26_222;
const MONITOR: u16 = 28_222;
/// The longest that one answer may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The servers. Killed when dropped; their logs are printed if the test fails.
#[derive(Debug)]
pub struct Nats {
    ip: Ipv4Addr,
    servers: Vec<Server>,
    dir: TempDir,
}

#[derive(Debug)]
struct Server {
    config: PathBuf,
    log: PathBuf,
    life: Life,
}

#[derive(Debug)]
enum Life {
    Down,
    /// It may be held with SIGSTOP.
    Up(Child),
    Held(Child),
}

impl Nats {
    /// Starts one server.
    pub async fn alone() -> Self {
        Self::start(1, "").await
    }

    /// Starts one server, whose clients may publish and subscribe these subjects and no other.
    pub async fn permitting(subjects: &[String]) -> Self {
        let may = format!(
            "[{}]",
            subjects.iter().map(|subject| format!("{subject:?}")).collect::<Vec<_>>().join(", ")
        );
        let more = format!(
            "authorization {{ users: [{{ user: some, password: one, permissions: {{ publish: {may}, subscribe: {may} }} }}] }}\n\
             no_auth_user: some\n"
        );
        Self::start(1, &more).await
    }

    /// Starts one server that lets in whom this one lets in.
    pub async fn of(operator: &Operator) -> Self {
        Self::start(1, &operator.settings()).await
    }

    /// Starts a cluster of three, and waits until it can keep streams.
    pub async fn cluster() -> Self {
        Self::start(3, "").await
    }

    async fn start(count: u16, more: &str) -> Self {
        let dir = tempfile::Builder::new().prefix("nats").tempdir_in("/tmp").expect("a directory in /tmp");
        let ip = Ipv4Addr::new(127, fastrand::u8(1..255), fastrand::u8(..), fastrand::u8(1..255));
        let mut nats = Self { ip, servers: Vec::new(), dir };
        for number in 0..count {
            let server = nats.write(number, count, more);
            nats.servers.push(server);
        }
        for number in 0..nats.servers.len() {
            nats.servers[number].run();
        }
        nats.until_whole().await;
        nats
    }

    fn write(&self, number: u16, count: u16, more: &str) -> Server {
        let (dir, ip) = (self.dir.path(), self.ip);
        let routes: Vec<_> =
            (0..count).map(|other| format!("\"nats-route://{ip}:{}\"", ROUTES + other)).collect();
        let mut text = format!(
            "server_name: n{number}\nhost: \"{ip}\"\nport: {}\nhttp: \"{ip}:{}\"\n\
             jetstream {{ store_dir: \"{}\", max_memory_store: 64MB, max_file_store: 2GB }}\n{more}",
            CLIENTS + number,
            MONITOR + number,
            dir.join(format!("store{number}")).display(),
        );
        if count > 1 {
            // Clients know the servers that they were given, so that a line to one of them can be cut.
            text.push_str(&format!(
                "cluster {{ name: test, host: \"{ip}\", port: {}, no_advertise: true, routes: [{}] }}\n",
                ROUTES + number,
                routes.join(", ")
            ));
        }
        let config = dir.join(format!("n{number}.conf"));
        fs::write(&config, text).expect("a file in the test's directory");
        Server { config, log: dir.join(format!("n{number}.log")), life: Life::Down }
    }

    /// Returns how many servers there are.
    pub fn count(&self) -> usize {
        self.servers.len()
    }

    /// Returns the URLs of all servers, separated by commas.
    pub fn url(&self) -> String {
        let urls: Vec<_> =
            (0..self.count()).map(|number| format!("nats://{}", self.address(number))).collect();
        urls.join(",")
    }

    /// Returns what a server has logged.
    pub fn logged(&self, number: usize) -> String {
        fs::read_to_string(&self.servers[number].log).expect("it has a log")
    }

    /// Returns where a server takes clients.
    pub fn address(&self, number: usize) -> SocketAddr {
        self.port(CLIENTS, number)
    }

    fn port(&self, first: u16, number: usize) -> SocketAddr {
        SocketAddr::from((self.ip, first + u16::try_from(number).expect("few servers")))
    }

    /// Kills a server as a power failure would.
    pub async fn kill(&mut self, number: usize) {
        let (Life::Up(mut child) | Life::Held(mut child)) = self.servers[number].end() else { return };
        child.kill().await.expect("it can be killed");
    }

    /// Kills a server, and takes away all that it has stored.
    pub async fn lose(&mut self, number: usize) {
        self.kill(number).await;
        fs::remove_dir_all(self.dir.path().join(format!("store{number}"))).expect("it had a store");
    }

    /// Stops a server in order: its streams are led by others first.
    pub async fn stop(&mut self, number: usize) {
        let Life::Up(mut child) = self.servers[number].end() else { panic!("it is not up") };
        signal(&child, "TERM").await;
        within("nats-server to end", child.wait()).await.expect("its status can be read");
    }

    /// Starts a server again with what it has stored. Does not wait for it.
    pub fn revive(&mut self, number: usize) {
        self.servers[number].run();
    }

    /// Removes all that a server has stored, which is down.
    pub fn wipe(&self, number: usize) {
        assert!(matches!(self.servers[number].life, Life::Down), "it is up");
        fs::remove_dir_all(self.dir.path().join(format!("store{number}"))).expect("it has stored something");
    }

    /// Holds a server with SIGSTOP.
    pub async fn hold(&mut self, number: usize) {
        let Life::Up(child) = self.servers[number].end() else { panic!("it is not up") };
        signal(&child, "STOP").await;
        self.servers[number].life = Life::Held(child);
    }

    /// Lets a server go on that was held.
    pub async fn release(&mut self, number: usize) {
        let Life::Held(child) = self.servers[number].end() else { panic!("it is not held") };
        signal(&child, "CONT").await;
        self.servers[number].life = Life::Up(child);
    }

    /// Waits until all servers that are up serve, with all that they keep.
    pub async fn until_whole(&self) {
        for number in 0..self.count() {
            let ask = async || {
                // Not of consumers: those of who is gone are no longer kept up.
                let healthy = self.ask(number, "/healthz?js-server-only=true").await?["status"] == "ok";
                let answer = self.ask(number, "/jsz?accounts=1&streams=1").await?;
                let cluster = &answer["meta_cluster"];
                let whole =
                    self.count() == 1 || (cluster["leader"].is_string() && cluster["cluster_size"] == 3);
                (healthy && whole && all_led(&answer)).then_some(())
            };
            if matches!(self.servers[number].life, Life::Up(_)) {
                until(&format!("nats-server {number} to serve"), ask).await;
            }
        }
    }

    /// Waits until a server leads the stream of this name, and returns which. It is one that is up.
    pub async fn leader(&self, stream: &str) -> usize {
        until(&format!("a leader of {stream}"), async || {
            for number in 0..self.count() {
                let Some(answer) = self.ask(number, "/jsz?accounts=1&streams=1").await else { continue };
                let Some(name) = leader_of(&answer, stream) else { continue };
                let leader = name.trim_start_matches('n').parse().expect("a server's name");
                if matches!(self.servers.get(leader), Some(Server { life: Life::Up(_), .. })) {
                    return Some(leader);
                }
            }
            None
        })
        .await
    }

    /// Waits until a server keeps so many messages in the stream of this name.
    pub async fn until_kept(&self, number: usize, stream: &str, count: u64) {
        until(&format!("{count} messages in {stream}"), async || {
            let answer = self.ask(number, "/jsz?accounts=1&streams=1").await?;
            (stream_of(&answer, stream)?["state"]["messages"] == count).then_some(())
        })
        .await;
    }

    /// Asks a server's monitor, if it is up.
    async fn ask(&self, number: usize, target: &str) -> Option<Value> {
        let Life::Up(_) = self.servers[number].life else { return None };
        let asked = http::try_get(self.port(MONITOR, number), target);
        // One that chooses who leads may leave a question without an answer.
        let answer = timeout(PATIENCE, asked).await.ok()??;
        serde_json::from_str(&answer.body).ok()
    }
}

impl Server {
    fn run(&mut self) {
        assert!(matches!(self.life, Life::Down), "it runs");
        let log = File::options().create(true).append(true).open(&self.log).expect("a file for its log");
        let mut command = Command::new(PROGRAM);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin").kill_on_drop(true);
        command.arg("-c").arg(&self.config).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a second handle")).stderr(log);
        self.life = Life::Up(command.spawn().expect("nats-server can be run"));
    }

    fn end(&mut self) -> Life {
        std::mem::replace(&mut self.life, Life::Down)
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        for server in &mut self.servers {
            if let Life::Up(mut child) | Life::Held(mut child) = server.end() {
                // Its end is near: its directory must not be removed while it writes.
                let _ = child.start_kill();
                while matches!(child.try_wait(), Ok(None)) {
                    std::thread::yield_now();
                }
            }
        }
        if std::thread::panicking() {
            for Server { log, .. } in &self.servers {
                eprintln!("--- {}\n{}---", log.display(), fs::read_to_string(log).unwrap_or_default());
            }
        }
    }
}

fn streams_of(answer: &Value) -> impl Iterator<Item = &Value> {
    let accounts = answer["account_details"].as_array().into_iter().flatten();
    accounts.filter_map(|account| account["stream_detail"].as_array()).flatten()
}

/// Returns whether each stream that is kept several times has a leader.
fn all_led(answer: &Value) -> bool {
    streams_of(answer).all(|stream| stream["cluster"].is_null() || stream["cluster"]["leader"].is_string())
}

fn leader_of(answer: &Value, stream: &str) -> Option<String> {
    stream_of(answer, stream)?["cluster"]["leader"].as_str().map(str::to_owned)
}

fn stream_of<'a>(answer: &'a Value, stream: &str) -> Option<&'a Value> {
    streams_of(answer).find(|known| known["name"] == stream)
}

async fn signal(child: &Child, name: &str) {
    let pid = child.id().expect("it runs").to_string();
    let sent = Command::new("kill").args(["-s", name, &pid]).status().await.expect("kill can be run");
    assert!(sent.success(), "kill -s {name} {pid}");
}
