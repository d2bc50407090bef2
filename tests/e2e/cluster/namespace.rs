//! A network of its own for one daemon: one line to browsers, one to the NATS servers, either of which may go down.

use std::{net::Ipv4Addr, process::Command};

use crate::harness::is_installed;

/// The network. Gone when dropped.
pub struct Namespace {
    name: String,
    /// The two lines' addresses here and there.
    browsers: (Ipv4Addr, Ipv4Addr),
    servers: (Ipv4Addr, Ipv4Addr),
}

impl Namespace {
    /// Makes one. `None` where that is not allowed.
    pub fn new() -> Option<Self> {
        if !is_installed("ip") {
            return None;
        }
        // Of the block that is for tests of networks (RFC 2544).
        let (net, host) = (fastrand::u8(..), fastrand::u8(..32) * 8);
        let line =
            |at: u8| (Ipv4Addr::new(198, 18, net, host + at + 1), Ipv4Addr::new(198, 18, net, host + at + 2));
        let name = format!("sse{:x}", fastrand::u32(..));
        if !ip(&format!("netns add {name}")) {
            eprintln!("left out: there may be no network namespaces here");
            return None;
        }
        let namespace = Self { name, browsers: line(0), servers: line(4) };
        let lines = namespace.lay('b', namespace.browsers) && namespace.lay('s', namespace.servers);
        assert!(lines && namespace.inside("link set dev lo up"), "a network can be laid");
        Some(namespace)
    }

    fn lay(&self, line: char, (here, there): (Ipv4Addr, Ipv4Addr)) -> bool {
        let name = &self.name;
        ip(&format!("link add {name}{line} type veth peer name line{line} netns {name}"))
            && ip(&format!("addr add {here}/30 dev {name}{line}"))
            && ip(&format!("link set dev {name}{line} up"))
            && self.inside(&format!("addr add {there}/30 dev line{line}"))
            && self.inside(&format!("link set dev line{line} up"))
    }

    fn inside(&self, command: &str) -> bool {
        ip(&format!("-n {} {command}", self.name))
    }

    /// Returns where a daemon in it is found by browsers.
    pub fn door(&self) -> Ipv4Addr {
        self.browsers.1
    }

    /// Returns where a daemon in it finds the servers.
    pub fn outside(&self) -> Ipv4Addr {
        self.servers.0
    }

    /// Returns a command that runs another in it.
    pub fn command(&self, plain: &tokio::process::Command) -> tokio::process::Command {
        let plain = plain.as_std();
        let mut command = tokio::process::Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(plain.get_program()).args(plain.get_args());
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").kill_on_drop(true);
        for (name, value) in plain.get_envs() {
            command.envs(value.map(|value| (name, value)));
        }
        command
    }

    /// Takes the line to the servers down: what is sent is lost.
    pub fn cut(&self) {
        assert!(ip(&format!("link set dev {}s down", self.name)), "a line can be taken down");
    }

    /// Takes it up again.
    pub fn mend(&self) {
        assert!(ip(&format!("link set dev {}s up", self.name)), "a line can be taken up");
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        for line in ['b', 's'] {
            ip(&format!("link del dev {}{line}", self.name));
        }
        ip(&format!("netns del {}", self.name));
    }
}

fn ip(arguments: &str) -> bool {
    let status = Command::new("ip").args(arguments.split(' ')).status();
    status.is_ok_and(|status| status.success())
}
