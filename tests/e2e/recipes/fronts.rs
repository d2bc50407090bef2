//! Proxies from Debian's packages, set up as `docs/` recommends, in front of a daemon.

use std::{fs, net::TcpListener, time::Duration};

use tokio::{
    net::TcpStream,
    process::{Child, Command},
};

use super::{NGINX, PROXIES};
use crate::harness::{
    Daemon, Home, finish, is_installed,
    page::{blocks, replaced},
    shell::in_home,
    until,
};

/// A proxy that is packaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nginx,
    Haproxy,
    Caddy,
}

/// A running proxy. Killed when dropped.
#[derive(Debug)]
pub struct Front {
    process: Child,
    pub port: u16,
}

/// Returns the settings of a daemon behind any of them.
pub fn settings() -> [String; 2] {
    let page: toml::Table = toml::from_str(blocks(PROXIES, "toml")[0]).expect("TOML");
    [
        format!("listen.hosts={}", page["listen"]["hosts"]),
        format!("stream.trusted_proxies={}", page["stream"]["trusted_proxies"]),
    ]
}

/// Returns nginx around the server of `docs/nginx.md`, which listens there; its application says this of sessions.
pub fn nginx(home: &Home, page: &str, listen: &str, session: &str) -> String {
    let place = home.dir.path().display();
    let server = replaced(
        page,
        &[
            ("listen 443 ssl http2;", &format!("listen {listen};")),
            ("http://127.0.0.1:5000/session", &format!("http://unix:{place}/app.sock:/session")),
        ],
    );
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {place}/nginx-{kind};\n"))
        .concat();
    format!(
        "daemon off;\nmaster_process off;\npid {place}/nginx.pid;\nerror_log stderr;\n\
         events {{ worker_connections 64; }}\nhttp {{\naccess_log off;\n{temporary}{server}\n\
         server {{ listen unix:{place}/app.sock; location /session {{ {session} }} }}\n}}\n"
    )
}

/// Returns the command line of nginx with this configuration.
pub fn run_nginx(home: &Home, configuration: &str) -> Command {
    let file = home.write("nginx.conf", configuration);
    let mut nginx = command(home, "nginx");
    nginx.args(["-e", "stderr", "-p"]).arg(home.dir.path()).args(["-c", &file]);
    nginx
}

impl Kind {
    fn program(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::Caddy => "caddy",
        }
    }

    /// Returns the setting that has it end idle streams after so many seconds, as it stands on the page.
    fn patience(self, seconds: u64) -> Vec<(&'static str, String)> {
        match self {
            Self::Nginx => vec![("proxy_read_timeout 60s;", format!("proxy_read_timeout {seconds}s;"))],
            Self::Haproxy => vec![
                ("timeout client 60s", format!("timeout client {seconds}s")),
                ("timeout server 60s", format!("timeout server {seconds}s")),
            ],
            Self::Caddy => vec![(
                "reverse_proxy 127.0.0.1:8090",
                format!(
                    "reverse_proxy 127.0.0.1:8090 {{\ntransport http {{\nread_timeout {seconds}s\n}}\n}}"
                ),
            )],
        }
    }

    /// Returns the configuration as it stands on the page.
    fn page(self) -> &'static str {
        match self {
            Self::Nginx => blocks(NGINX, "nginx")[0],
            Self::Haproxy => blocks(PROXIES, "haproxy")[0],
            Self::Caddy => blocks(PROXIES, "caddy")[0],
        }
    }

    /// Returns the command line of one with this configuration, in front of a daemon, on a port.
    fn command(self, page: &str, daemon: &Daemon, port: u16) -> Command {
        let home = daemon.home();
        let mut command = Command::new(self.program());
        in_home(home, &mut command);
        let (place, public) = (home.dir.path().display().to_string(), daemon.public.to_string());
        let page = replaced(page, &[("127.0.0.1:8090", &public)]);
        match self {
            Self::Nginx => {
                let listen = format!("127.0.0.1:{port} ssl http2");
                let (certificate, key) = (format!("{place}/certificate.pem"), format!("{place}/key.pem"));
                let paths =
                    [("/etc/ssl/app.example.org.pem", &*certificate), ("/etc/ssl/app.example.org.key", &key)];
                return run_nginx(home, &nginx(home, &replaced(&page, &paths), &listen, "return 204;"));
            }
            Self::Haproxy => {
                let away = home.write("away.http", &format!("{}\n", blocks(PROXIES, "http")[0]));
                let own = [
                    ("bind :443 ", &*format!("bind 127.0.0.1:{port} ")),
                    ("/etc/ssl/app.example.org.pem", &format!("{place}/both.pem")),
                    ("/etc/haproxy/away.http", &away),
                ];
                let page = replaced(&page, &own);
                command.args(["-db", "-f", &home.write("haproxy.cfg", &format!("{page}\n"))]);
            }
            Self::Caddy => {
                let site = format!(
                    "{{\nadmin off\nauto_https disable_redirects\n}}\nhttps://app.example.org:{port} {{\n\
                     bind 127.0.0.1\ntls {place}/certificate.pem {place}/key.pem\n"
                );
                let page = replaced(&page, &[("app.example.org {\n", &site)]);
                command.args(["run", "--adapter", "caddyfile", "--config", &home.write("Caddyfile", &page)]);
            }
        }
        command
    }
}

impl Front {
    /// Starts one in front of a daemon. `None`: it is not installed, which is said.
    pub async fn start(kind: Kind, daemon: &Daemon) -> Option<Self> {
        Self::changed(kind, daemon, &[]).await
    }

    /// As [`Front::start`], where idle streams are ended after so long.
    pub async fn impatient(kind: Kind, daemon: &Daemon, patience: Duration) -> Option<Self> {
        Self::changed(kind, daemon, &kind.patience(patience.as_secs())).await
    }

    async fn changed(kind: Kind, daemon: &Daemon, changes: &[(&str, String)]) -> Option<Self> {
        if ![kind.program(), "openssl"].into_iter().all(is_installed) {
            return None;
        }
        let home = daemon.home();
        certify(home).await;
        let port = {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            listener.local_addr().expect("bound").port()
        };
        let log = fs::File::create(home.path("proxy.log")).expect("a file");
        let page = changes.iter().fold(kind.page().to_owned(), |page, (old, new)| {
            assert!(page.contains(old), "{old} is not in {page}");
            page.replace(old, new)
        });
        let mut command = kind.command(&page, daemon, port);
        command.stdout(log.try_clone().expect("a second handle")).stderr(log);
        let mut process = command.spawn().expect("it can be run");
        until("the proxy to listen", || {
            let ended = process.try_wait().expect("its status can be read");
            let log = fs::read_to_string(home.path("proxy.log")).unwrap_or_default();
            assert!(ended.is_none(), "{kind:?} ended\n{log}");
            async move { TcpStream::connect(("127.0.0.1", port)).await.ok() }
        })
        .await;
        Some(Self { process, port })
    }

    /// Returns the origin of its pages.
    pub fn origin(&self) -> String {
        format!("https://app.example.org:{}", self.port)
    }

    /// Kills it, and waits until it is gone.
    pub async fn stop(mut self) {
        self.process.kill().await.expect("it can be killed");
    }
}

fn command(home: &Home, program: &str) -> Command {
    let mut command = Command::new(program);
    in_home(home, &mut command);
    command
}

/// Makes a certificate for `app.example.org` that is its own authority.
async fn certify(home: &Home) {
    if home.path("both.pem").exists() {
        return;
    }
    let mut openssl = command(home, "openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
    openssl.args(["-days", "2", "-subj", "/CN=app.example.org", "-addext"]);
    openssl.args(["subjectAltName=DNS:app.example.org", "-keyout", "key.pem", "-out", "certificate.pem"]);
    finish(openssl).await.expect(0);
    let read = |name: &str| fs::read_to_string(home.path(name)).expect("it was written");
    home.write("both.pem", &(read("certificate.pem") + &read("key.pem")));
}
