//! `ssectld gateway` as a process.

use std::{
    fs::{self, File},
    net::SocketAddr,
    process::ExitStatus,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UnixDatagram},
    process::{Child, Command},
};

use super::{Home, Response, http, within};
use crate::fakes::backend::Backend;

/// A running gateway. Killed when dropped; its log is printed if the test fails.
pub struct GatewayProcess {
    home: Home,
    child: Child,
    pub address: SocketAddr,
    /// Where metrics are.
    pub internal: SocketAddr,
}

impl GatewayProcess {
    /// Starts one in front of a backend, on free ports.
    pub async fn start(backend: &Backend, settings: &[&str]) -> Self {
        let url = format!("gateway_server.callback_url={}", backend.url());
        Self::start_bare(&[&[url.as_str()], settings].concat()).await
    }

    /// Starts one with these settings, on free ports.
    pub async fn start_bare(settings: &[&str]) -> Self {
        let own = ["gateway_server.listen=127.0.0.1:0", "gateway_server.internal=127.0.0.1:0"];
        let home = Home::new();
        let mut command = home.command(&[&own, settings].concat());
        command.arg("gateway");
        Self::spawn(home, command).await
    }

    /// Starts this command and waits until it says that it is ready.
    pub async fn spawn(home: Home, mut command: Command) -> Self {
        let log = File::create(home.path("log")).expect("a file for its log");
        command.stdout(log.try_clone().expect("a second handle")).stderr(log);
        Self::launch(home, command).await
    }

    /// As [`GatewayProcess::spawn`], where what it says goes to its log already.
    pub async fn launch(home: Home, mut command: Command) -> Self {
        let notify = home.path("n.sock");
        let notices = UnixDatagram::bind(&notify).expect("a socket for its notices");
        let mut child = command.env("NOTIFY_SOCKET", &notify).spawn().expect("ssectld can be run");
        let ready = async {
            let mut buffer = [0; 4096];
            let length = notices.recv(&mut buffer).await.expect("the notices can be read");
            String::from_utf8_lossy(&buffer[..length]).into_owned()
        };
        let notice = within("the gateway to be ready", async {
            tokio::select! {
                notice = ready => notice,
                status = child.wait() => panic!("it ended: {status:?}"),
            }
        })
        .await;
        let address = |before: &str| {
            let text = notice.split(before).nth(1)?.split([',', '\n']).next()?;
            text.parse::<SocketAddr>().ok()
        };
        let own = address("streams on ").unwrap_or_else(|| panic!("{notice}"));
        let internal = address("metrics on ").unwrap_or(own);
        Self { home, child, address: own, internal }
    }

    /// `POST /internal/send`.
    pub async fn send(&self, body: &Value) -> Response {
        http::post(self.address, "/internal/send", body).await
    }

    /// Returns what it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.home.path("log")).unwrap_or_default()
    }

    /// Returns its process id.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it is running")
    }

    /// Sends it SIGTERM.
    pub async fn terminate(&self) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-s", "TERM", &pid]).status().await.expect("kill can be run");
        assert!(sent.success(), "kill {pid}");
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ExitStatus {
        within("ssectld gateway to end", self.child.wait()).await.expect("its status can be read")
    }
}

impl Drop for GatewayProcess {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of ssectld gateway\n{}---", self.log());
        }
    }
}

/// A connection on which bytes are counted.
pub struct Wire {
    socket: TcpStream,
    seen: Vec<u8>,
}

impl Wire {
    /// Connects and sends.
    pub async fn send(to: SocketAddr, bytes: &[u8]) -> Self {
        let mut socket = TcpStream::connect(to).await.expect("the listener accepts");
        socket.write_all(bytes).await.expect("bytes can be sent");
        Self { socket, seen: Vec::new() }
    }

    /// Asks for a stream.
    pub async fn get(to: SocketAddr, target: &str) -> Self {
        Self::send(to, format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).await
    }

    /// Sends more.
    pub async fn more(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.expect("bytes can be sent");
    }

    /// Waits until this has been read, and returns everything up to its end; that is forgotten.
    pub async fn until(&mut self, text: &str) -> String {
        within(&format!("{text:?}"), async {
            loop {
                let found = self.seen.windows(text.len()).position(|part| part == text.as_bytes());
                if let Some(at) = found {
                    let rest = self.seen.split_off(at + text.len());
                    let before = std::mem::replace(&mut self.seen, rest);
                    return String::from_utf8(before).expect("text");
                }
                let count = self.socket.read_buf(&mut self.seen).await.expect("it can be read");
                assert!(count > 0, "it ended after {:?}", String::from_utf8_lossy(&self.seen));
            }
        })
        .await
    }

    /// Returns what there is until the end.
    pub async fn rest(mut self) -> String {
        within("the end", async {
            // A reset is an end too.
            let _ = self.socket.read_to_end(&mut self.seen).await;
        })
        .await;
        String::from_utf8(self.seen).expect("text")
    }

    /// Ends its sending side only.
    pub async fn half_close(&mut self) {
        self.socket.shutdown().await.expect("the sending side can be closed");
    }

    /// Leaves with a reset.
    pub fn reset(self) {
        self.socket.set_zero_linger().expect("linger can be set");
    }
}
