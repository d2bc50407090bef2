//! What shells offer when Tab is pressed: real shells at a terminal, with a real daemon, a dead one and one that hangs.
//!
//! Where the daemon takes longer than 150 ms, which a busy machine may, nothing is offered, and Tab is pressed again.

use std::{path::Path, time::Duration};

use tokio::{net::UnixListener, process::Command};

use crate::{
    fakes::browser::Browser,
    harness::{Daemon, Home, Output, finish, is_installed, shell::in_home, terminal::Terminal, within},
};

/// An id with what shells take for something else.
const ODD: &str = r#"odd$x'y"z*\&;(#~!`é"#;

/// Shells have `shown`, which prints its arguments, is completed as ssectl, and ends as this does.
const END: &str = ":end";

/// Types a line with Tab in it until the shell has made this of it.
async fn makes(terminal: &mut Terminal, keys: &str, made: &[&str]) {
    let expected: String = made.iter().map(|word| format!(":<{word}>")).collect();
    within(&format!("{keys:?} to become {made:?}"), async {
        loop {
            terminal.press(&format!("{keys}\n")).await;
            // A quote that is open because nothing was offered goes on in the next line.
            while terminal.shows_one_of(&["shown=", MORE]).await == MORE {
                terminal.press(if keys.contains('"') { "\"\n" } else { "'\n" }).await;
            }
            let words = terminal.shows(END).await;
            if words == expected {
                return;
            }
            eprintln!("{keys:?} became {words}");
        }
    })
    .await;
}

/// What every shell does.
async fn is_completed(terminal: &mut Terminal, task: &str) {
    makes(terminal, "shown connections sh\t", &["connections", "show"]).await;
    makes(terminal, "shown version queue 1 --live-to\t", &["version", "queue", "1", "--live-to-all"]).await;
    makes(terminal, "shown connections show k3\t", &["connections", "show", "k3v9x"]).await;
    makes(terminal, "shown connections disconnect k3v9x odd\t", &["connections", "disconnect", "k3v9x", ODD])
        .await;
    makes(
        terminal,
        "shown version clear --request-id=odd\t",
        &["version", "clear", &format!("--request-id={ODD}")],
    )
    .await;
    makes(terminal, &format!("shown task show {}\t", &task[..8]), &["task", "show", task]).await;
    makes(
        terminal,
        "shown task list --columns task_id,pro\t",
        &["task", "list", "--columns", "task_id,progress"],
    )
    .await;
    makes(
        terminal,
        "shown connections list --filter request_id=k3\t",
        &["connections", "list", "--filter", "request_id=k3v9x"],
    )
    .await;
    // A sign is no end: what is typed next belongs to the word.
    makes(
        terminal,
        "shown connections list --filter stat\tx",
        &["connections", "list", "--filter", "state=x"],
    )
    .await;
    makes(
        terminal,
        "shown version queue 1 --changelog-file NE\t",
        &["version", "queue", "1", "--changelog-file", "NEWS"],
    )
    .await;
}

struct Scene {
    daemon: Daemon,
    task: String,
    _browsers: [Browser; 2],
}

async fn scene() -> Scene {
    let home = Home::new();
    home.write("NEWS", "Faster.\n");
    let daemon = home.start(&[]).await;
    let odd: String = ODD.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let browsers = [Browser::open(daemon.public, "k3v9x").await, Browser::open(daemon.public, &odd).await];
    let task = daemon.cli().run(&["task", "create", "--name", "import", "-o", "name"]).await.expect(0);
    Scene { daemon, task: task.stdout.trim().to_owned(), _browsers: browsers }
}

fn committed(name: &str) -> String {
    format!("{}/completions/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What bash asks for the rest of a command with.
const MORE: &str = "more>";
const SHOWN: &str =
    "shown() { printf 'sho''wn='; printf ':<%s>' \"$@\"; printf '%s\\n' ':e''nd'; }; PS2='mo''re>'";

#[tokio::test]
async fn bash_completes_without_anything_else_installed() {
    let Scene { daemon, task, _browsers } = scene().await;
    let mut terminal = Terminal::open(daemon.home(), "bash --norc --noprofile -i");
    terminal.press(&format!("{SHOWN}\nsource <(ssectl completions bash); complete -F _ssectl shown\n")).await;
    is_completed(&mut terminal, &task).await;
    makes(&mut terminal, "shown connections show 'k3\t", &["connections", "show", "k3v9x"]).await;
    makes(&mut terminal, "shown connections show \"odd\t", &["connections", "show", ODD]).await;
    makes(&mut terminal, "shown connections show odd\\$\t", &["connections", "show", ODD]).await;
}

#[tokio::test]
async fn bash_completion_of_the_distribution_loads_it() {
    let library = "/usr/share/bash-completion/bash_completion";
    if !Path::new(library).exists() {
        eprintln!("left out: bash-completion is not installed");
        return;
    }
    let Scene { daemon, task, _browsers } = scene().await;
    let folder = daemon.home().path("mine/completions");
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::copy(committed("ssectl.bash"), folder.join("ssectl")).expect("copied");
    let mut terminal = Terminal::open(daemon.home(), "bash --norc --noprofile -i");
    let mine = daemon.home().path("mine");
    terminal.press(&format!("{SHOWN}\nBASH_COMPLETION_USER_DIR={} source {library}\n", mine.display())).await;
    terminal.press(&format!("export BASH_COMPLETION_USER_DIR={}\n", mine.display())).await;
    // Nothing has loaded it yet.
    terminal.press("ssectl --vers\t\n").await;
    terminal.shows(concat!("ssectl ", env!("CARGO_PKG_VERSION"))).await;
    terminal.press("complete -F _ssectl shown\n").await;
    is_completed(&mut terminal, &task).await;
}

#[tokio::test]
async fn zsh_completes() {
    if !is_installed("zsh") {
        return;
    }
    let Scene { daemon, task, _browsers } = scene().await;
    let functions = daemon.home().path("functions");
    std::fs::create_dir_all(&functions).expect("made");
    std::fs::copy(committed("_ssectl"), functions.join("_ssectl")).expect("copied");
    let mut terminal = Terminal::open(daemon.home(), "zsh -f -i");
    terminal.press(&format!("fpath=({} $fpath)\n", functions.display())).await;
    terminal.press(&format!("autoload -U compinit; compinit -u -D; {SHOWN}\ncompdef shown=ssectl\n")).await;
    is_completed(&mut terminal, &task).await;
}

#[tokio::test]
async fn zsh_completes_by_what_ssectl_prints() {
    if !is_installed("zsh") {
        return;
    }
    let Scene { daemon, task, _browsers } = scene().await;
    let mut terminal = Terminal::open(daemon.home(), "zsh -f -i");
    terminal.press(&format!("autoload -U compinit; compinit -u -D; {SHOWN}\n")).await;
    terminal.press("source <(ssectl completions zsh); compdef _ssectl shown\n").await;
    makes(&mut terminal, &format!("shown task show {}\t", &task[..8]), &["task", "show", &task]).await;
}

#[tokio::test]
async fn fish_completes() {
    if !is_installed("fish") {
        return;
    }
    let Scene { daemon, task, _browsers } = scene().await;
    let mut terminal = Terminal::open(daemon.home(), "fish --no-config -i");
    let shown = "function shown; printf 'sho''wn='; printf ':<%s>' $argv; printf '%s\\n' ':e''nd'; end";
    terminal
        .press(&format!("{shown}\nsource {}; complete -c shown -w ssectl\n", committed("ssectl.fish")))
        .await;
    is_completed(&mut terminal, &task).await;
}

/// Asks what a shell asks, of the daemon at this socket; nobody at a terminal waits as long as this does.
async fn asked(home: &Home, socket: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ssectl"));
    in_home(home, &mut command);
    command.args(["__complete", "fish", "ssectl", "--socket", socket, "connections", "show", ""]);
    let answer = tokio::time::timeout(Duration::from_secs(8), finish(command)).await;
    answer.expect("it asks for longer than commands wait for an answer")
}

#[tokio::test]
async fn a_daemon_that_is_gone_or_hangs_offers_nothing_and_says_nothing() {
    let home = Home::new();
    let silent = UnixListener::bind(home.path("silent.sock")).expect("bound");
    let holding = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            held.push(stream);
        }
    });
    let _deaf = UnixListener::bind(home.path("deaf.sock")).expect("bound");
    home.write("file.sock", "");
    for name in ["absent.sock", "silent.sock", "deaf.sock", "file.sock"] {
        let path = home.path(name);
        let answer = asked(&home, path.to_str().expect("ASCII")).await.expect(0);
        assert_eq!((answer.stdout.as_str(), answer.stderr.as_str()), ("values\n", ""), "{name}");
    }
    holding.abort();
}
