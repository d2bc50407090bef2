//! What is printed when the daemon starts outside of systemd: addresses, and commands that can be typed as they
//! stand.

use std::{
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

use ssectl_core::{
    config::{self, Mode},
    control::discovery::{self, Why},
    services::Services,
};

/// Prints the greeting. A closed stdout is no reason to fail.
pub(crate) fn print(services: &Services, socket_from: Why) {
    let (public, internal) = (reachable(services.bound.public), reachable(services.bound.internal));
    let ssectl = ssectl_for(&services.bound.socket, socket_from);
    let mut text = format!("ssectld {} is ready\n\n", env!("CARGO_PKG_VERSION"));
    let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:<9} {value}\n"));
    let embedded = services.config.mode == Mode::Embedded;
    if services.config.demo {
        line("page", &format!("http://{public}/"));
    }
    if embedded {
        line("stream", &format!("curl -N 'http://{public}/api/sse/stream?request_id=me'"));
    } else {
        line("gateway", &services.config.gateway.url);
        line("callback", &format!("http://{internal}/api/sse/callback"));
    }
    line("metrics", &format!("http://{internal}/metrics"));
    line("socket", &services.bound.socket.display().to_string());
    text.push_str(&format!(
        "\nTell every connection of a new version, from another terminal:\n\n  {ssectl} version queue 1.0.1\n\nCtrl-C stops it.\n"
    ));
    let _ = io::stdout().write_all(text.as_bytes());
}

/// Returns an address that can be opened from this machine.
fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, bound.port())
}

/// Returns how to type the `ssectl` beside this program. `cargo run` builds this program alone: then the other is
/// called through cargo too.
pub(crate) fn ssectl() -> String {
    let Ok(own) = std::env::current_exe() else {
        return "ssectl".to_owned();
    };
    let beside = own.with_file_name("ssectl");
    if beside.is_file() {
        return as_typed(&beside);
    }
    let by_cargo = config::Environment::of_process().get("CARGO_MANIFEST_DIR").is_some();
    match own.parent().and_then(Path::file_name).and_then(|profile| profile.to_str()) {
        Some("release") if by_cargo => "cargo run -q --release --bin ssectl --".to_owned(),
        Some("debug") if by_cargo => "cargo run -q --bin ssectl --".to_owned(),
        _ => "ssectl".to_owned(),
    }
}

/// Returns the `ssectl` that talks to this daemon: with `--socket` unless it finds the socket by itself.
fn ssectl_for(socket: &Path, socket_from: Why) -> String {
    let found = discovery::live_socket(None, &discovery::Environment::read()).ok();
    let finds_it = !socket_from.is_explicit() && found.is_some_and(|found| found.path == socket);
    if finds_it {
        ssectl()
    } else {
        format!("{} --socket {}", ssectl(), quoted(&socket.display().to_string()))
    }
}

/// Returns how this program was called, as it can be typed again.
pub(crate) fn called() -> String {
    let program = std::env::current_exe().map_or_else(|_| "ssectld".to_owned(), |path| as_typed(&path));
    let arguments = std::env::args_os().skip(1).map(|argument| quoted(&argument.to_string_lossy()));
    std::iter::once(program).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// Returns the shortest way to type the path of a program: its name if the shell finds just this one, a relative
/// path if it is below the present directory.
fn as_typed(program: &Path) -> String {
    let name = program.file_name().unwrap_or_default();
    let search = config::Environment::of_process();
    let folders: Vec<PathBuf> =
        search.get("PATH").map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    if folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file()).as_deref() == Some(program)
    {
        return name.to_string_lossy().into_owned();
    }
    let here = std::env::current_dir().unwrap_or_default();
    match program.strip_prefix(&here) {
        Ok(below) => quoted(&format!("./{}", below.display())),
        Err(_) => quoted(&program.display().to_string()),
    }
}

/// Quotes a word for a shell where it needs it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted("/run/ssectld/control.sock"), "/run/ssectld/control.sock");
        assert_eq!(quoted("/a b/it's"), r"'/a b/it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn programs_below_here_are_typed_relative() {
        let here = std::env::current_dir().expect("a present directory");
        assert_eq!(as_typed(&here.join("target/release/ssectl")), "./target/release/ssectl");
        assert_eq!(as_typed(Path::new("/nowhere/else/ssectl")), "/nowhere/else/ssectl");
    }

    #[test]
    fn an_address_for_all_is_shown_as_one_that_opens() {
        assert_eq!(reachable(SocketAddr::from(([0, 0, 0, 0], 80))).to_string(), "127.0.0.1:80");
        assert_eq!(reachable(SocketAddr::from(([10, 0, 0, 1], 80))).to_string(), "10.0.0.1:80");
    }
}
