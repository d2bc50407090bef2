//! `nats-server` as processes with JetStream, one or three that are a cluster, and what they count.

use std::{
    fs,
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    ops::Sub,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::daemon::cpu_of;

const PROGRAM: &str = "nats-server";
/// Below all ports that the kernel gives away.
const CLIENTS: u16 = 24_222;
const ROUTES: u16 = 26_222;
const MONITOR: u16 = 28_222;
/// How long they may take to be whole.
const PATIENCE: Duration = Duration::from_secs(30);

/// Returns whether it is installed.
pub(crate) fn is_installed() -> bool {
    Command::new(PROGRAM).arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The servers, until they are dropped.
pub(crate) struct Nats {
    ip: Ipv4Addr,
    servers: Vec<Child>,
}

/// Messages and bytes, as the servers count them: payloads and headers, without the words of the protocol.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Traffic {
    /// From members.
    pub(crate) inward: Count,
    /// To members.
    pub(crate) outward: Count,
    /// From one server to another.
    pub(crate) between: Count,
}

/// Messages and their bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    pub(crate) messages: f64,
    pub(crate) bytes: f64,
}

impl Nats {
    /// Starts so many servers with their stores in this folder, and waits until they can keep streams.
    pub(crate) fn start(folder: &Path, count: u16) -> io::Result<Self> {
        let ip = Ipv4Addr::new(127, fastrand::u8(1..255), fastrand::u8(..), fastrand::u8(1..255));
        let mut nats = Self { ip, servers: Vec::new() };
        for number in 0..count {
            let config = folder.join(format!("n{number}.conf"));
            fs::write(&config, configuration(ip, folder, number, count))?;
            let mut command = Command::new(PROGRAM);
            command.arg("-c").arg(config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            nats.servers.push(command.spawn()?);
        }
        let began = Instant::now();
        while !(0..count).all(|number| nats.is_whole(number).unwrap_or_default()) {
            if began.elapsed() > PATIENCE {
                return Err(io::Error::other(format!("{count} nats-server do not serve after {PATIENCE:?}")));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(nats)
    }

    /// Returns the URLs of all servers, separated by commas.
    pub(crate) fn url(&self) -> String {
        let urls: Vec<_> =
            self.numbers().map(|number| format!("nats://{}:{}", self.ip, CLIENTS + number)).collect();
        urls.join(",")
    }

    /// Returns how many there are.
    pub(crate) fn count(&self) -> usize {
        self.servers.len()
    }

    /// Returns the processor time that all have used, in seconds.
    pub(crate) fn cpu(&self) -> io::Result<f64> {
        self.servers.iter().map(|server| Ok(cpu_of(&server.id().to_string())?.as_secs_f64())).sum()
    }

    /// Returns what they have passed on.
    pub(crate) fn traffic(&self) -> io::Result<Traffic> {
        let mut traffic = Traffic::default();
        for number in self.numbers() {
            for client in list(&self.ask(number, "/connz")?, "connections") {
                traffic.inward.add(client, "in");
                traffic.outward.add(client, "out");
            }
            for route in list(&self.ask(number, "/routez")?, "routes") {
                traffic.between.add(route, "out");
            }
        }
        Ok(traffic)
    }

    fn numbers(&self) -> impl Iterator<Item = u16> + use<> {
        0..u16::try_from(self.count()).unwrap_or_default()
    }

    fn is_whole(&self, number: u16) -> io::Result<bool> {
        let healthy = self.ask(number, "/healthz")?["status"] == "ok";
        let cluster = &self.ask(number, "/jsz")?["meta_cluster"];
        let whole =
            self.count() == 1 || cluster["leader"].is_string() && cluster["cluster_size"] == self.count();
        Ok(healthy && whole)
    }

    fn ask(&self, number: u16, target: &str) -> io::Result<Value> {
        let mut wire = TcpStream::connect(SocketAddr::from((self.ip, MONITOR + number)))?;
        write!(wire, "GET {target} HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        wire.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        Ok(serde_json::from_str(body)?)
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        for server in &mut self.servers {
            // It may have ended by itself.
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

impl Count {
    fn add(&mut self, counted: &Value, way: &str) {
        let value = |what: &str| counted[format!("{way}_{what}")].as_f64().unwrap_or_default();
        self.messages += value("msgs");
        self.bytes += value("bytes");
    }
}

impl Sub for Traffic {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            inward: self.inward - earlier.inward,
            outward: self.outward - earlier.outward,
            between: self.between - earlier.between,
        }
    }
}

impl Sub for Count {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { messages: self.messages - earlier.messages, bytes: self.bytes - earlier.bytes }
    }
}

fn list<'a>(answer: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    answer[name].as_array().into_iter().flatten()
}

fn configuration(ip: Ipv4Addr, folder: &Path, number: u16, count: u16) -> String {
    let store = folder.join(format!("store{number}"));
    let mut text = format!(
        "server_name: n{number}\nhost: \"{ip}\"\nport: {}\nhttp: \"{ip}:{}\"\n\
         jetstream {{ store_dir: \"{}\", max_memory_store: 64MB, max_file_store: 2GB }}\n",
        CLIENTS + number,
        MONITOR + number,
        store.display()
    );
    if count > 1 {
        let routes: Vec<_> =
            (0..count).map(|other| format!("\"nats-route://{ip}:{}\"", ROUTES + other)).collect();
        text += &format!(
            "cluster {{ name: bench, host: \"{ip}\", port: {}, no_advertise: true, routes: [{}] }}\n",
            ROUTES + number,
            routes.join(", ")
        );
    }
    text
}
