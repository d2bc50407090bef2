//! What the manual of `ssectld` says besides the arguments, and its pages about settings and the control API.

mod api;
mod settings;

use crate::generate::{
    manual::{Items, Manual, Note},
    page::Page,
};

pub(crate) const MANUAL: Manual = Manual {
    section: "8",
    exit: EXIT,
    more: &[("SIGNALS", SIGNALS), ("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES)],
    notes: NOTES,
    see_also: &["ssectl(1)", "ssectld.toml(5)", "ssectld-api(7)", "systemd.socket(5)"],
    others: || vec![settings::page(), api::page()],
};

/// What several pages name at their end.
const SEE_ALSO: [&str; 4] = ["ssectl(1)", "ssectld.toml(5)", "ssectld-api(7)", "ssectld(8)"];

/// Ends a page: it names the others.
fn see_others(page: &mut Page, own: &str) {
    page.see_also(SEE_ALSO.into_iter().filter(|other| *other != own));
}

const EXIT: Items = &[
    ("0", "It ran and ended as asked, or the settings are valid."),
    (
        "1",
        "Something failed while it ran, or somebody missed the deadline of the shutdown; the message names who.",
    ),
    ("2", "The arguments are wrong."),
    (
        "69",
        "A port is taken, or another daemon has the control socket or the state; the message says what to type.",
    ),
    ("78", "The settings or the state cannot be used, or what is to be imported cannot."),
];

const SIGNALS: Items = &[
    (
        "SIGTERM, SIGINT",
        "Ends gracefully: new work is refused by name, running tasks may take `shutdown.grace`, streams are closed \
         spread over `shutdown.spread`. A second one skips to closing streams.",
    ),
    (
        "SIGHUP",
        "Reads the settings again, as `ssectl daemon reload` does: all that may change at once does, or, if \
         anything is wrong, nothing; the log says which, and what needs a restart. At a terminal it ends the daemon \
         as SIGTERM does; for `ssectld gateway` it changes nothing.",
    ),
];

const ENVIRONMENT: Items = &[
    (
        "SSECTLD_SECTION__KEY",
        "Sets a key, as in `SSECTLD_LISTEN__PUBLIC` or, at the top level, `SSECTLD_MODE`. Stronger than the file, \
         weaker than `--set`.",
    ),
    ("SSECTL_SOCKET", "The control socket, when `--socket` and `control.socket` are not given."),
    (
        "RUNTIME_DIRECTORY, XDG_RUNTIME_DIR",
        "Where the control socket is, in this order; then `/run/ssectld`, then the user's own directory in the \
         temporary folder.",
    ),
    (
        "STATE_DIRECTORY, XDG_STATE_HOME, HOME",
        "Where the state is when `state.dir` is empty, in this order; then the user's own directory in the \
         temporary folder.",
    ),
    ("CREDENTIALS_DIRECTORY", "Where secrets are that no setting names by a path of its own."),
    (
        "PORT, CALLBACK_URL, HEARTBEAT_INTERVAL_SECONDS",
        "For `ssectld gateway`, as the Node gateway has them: weaker than arguments, `--set` and `SSECTLD_…` \
         variables, stronger than the file. A `PORT` that is none ends the program with 1.",
    ),
    (
        "NOTIFY_SOCKET",
        "Told `READY=1` when the daemon serves, `RELOADING=1` while settings are read again, and `STOPPING=1` when \
         it ends.",
    ),
    (
        "WATCHDOG_USEC",
        "How often systemd wants to hear `WATCHDOG=1`. The daemon says it only after its registry and its state \
         have answered.",
    ),
    (
        "LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES",
        "Listening sockets that systemd hands over, by name: public and internal (TCP), control (a path). They win \
         over `listen.public`, `listen.internal` and `control.socket`, for `ssectld gateway` over \
         `gateway_server.listen` and `gateway_server.internal`. Any other name or kind of socket ends the program \
         with 78.",
    ),
    ("NO_COLOR", "Log lines at a terminal without colour."),
];

const FILES: Items = &[
    ("/etc/ssectld/ssectld.toml", "The settings of a packaged daemon; named with `--config`."),
    ("/run/ssectld/control.sock", "The control socket of a packaged daemon, mode 0660."),
    (
        "ssectld-public.socket, ssectld-internal.socket, ssectld-control.socket",
        "Socket units: what each holds open is not refused while the daemon restarts, and a connection starts the \
         daemon.",
    ),
    ("/var/lib/ssectld", "Its state: pending versions, receipts, tasks, who ordered what."),
];

const fn note(command: &'static str, exit: Items, examples: Items) -> Note {
    Note { command, exit, examples }
}

/// The tests execute every example as it stands here.
const NOTES: &[Note] = &[
    note(
        "",
        &[],
        &[
            ("ssectld", "Run on 127.0.0.1:8090, and print what to type next"),
            ("ssectld --set listen.public=127.0.0.1:0", "Take any free port for streams"),
            ("ssectld --config /etc/ssectld/ssectld.toml config check", "Check a file before a restart"),
            (
                "ssectld gateway --port 3000 --callback-url http://127.0.0.1:8091/api/sse/callback",
                "Hold the streams for a daemon that runs with `mode = \"gateway\"`",
            ),
        ],
    ),
    note("run", &[], &[("ssectld --config /etc/ssectld/ssectld.toml run", "As the unit does")]),
    note(
        "gateway",
        &[],
        &[
            (
                "PORT=3000 CALLBACK_URL=http://127.0.0.1:8091/api/sse/callback ssectld gateway",
                "In the place of the Node gateway, with its variables",
            ),
            (
                "ssectld gateway --port 3000 --callback-url http://127.0.0.1:8091/api/sse/callback \
                 --internal 127.0.0.1:3001",
                "With metrics and health at an address of their own",
            ),
        ],
    ),
    note(
        "config check",
        &[
            ("0", "The daemon could run with them."),
            ("78", "It could not; each thing that is wrong is named."),
        ],
        &[("ssectld --config /etc/ssectld/ssectld.toml config check", "Check a file before a restart")],
    ),
    note(
        "config show",
        &[],
        &[(
            "ssectld --config /etc/ssectld/ssectld.toml --set log.level=debug config show",
            "Every setting, and where it is from",
        )],
    ),
    note(
        "store check",
        &[("69", "A daemon uses it."), ("78", "A daemon could not go on with it.")],
        &[("sudo -u ssectld ssectld --config /etc/ssectld/ssectld.toml store check", "Look at every record")],
    ),
    note(
        "store export",
        &[("69", "A daemon uses it."), ("78", "It cannot be read.")],
        &[(
            "sudo -u ssectld ssectld --config /etc/ssectld/ssectld.toml store export backup.jsonl",
            "Back the state of a stopped daemon up",
        )],
    ),
    note(
        "store import",
        &[
            ("69", "A daemon uses it."),
            ("78", "There is a state already, or what is to be imported is none."),
        ],
        &[(
            "sudo -u ssectld ssectld --config /etc/ssectld/ssectld.toml store import --replace backup.jsonl",
            "Go back to a backup; the state that is there is put aside",
        )],
    ),
];

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Arguments;

    #[test]
    fn every_command_has_an_example_and_no_other_has() {
        let program = Arguments::command();
        let mut commands = vec![String::new()];
        for command in program.get_subcommands() {
            let name = command.get_name();
            if command.has_subcommands() {
                commands.extend(command.get_subcommands().map(|sub| format!("{name} {}", sub.get_name())));
            } else {
                commands.push(name.to_owned());
            }
        }
        for command in &commands {
            assert!(NOTES.iter().any(|note| note.command == command), "no example of `ssectld {command}`");
        }
        for note in NOTES {
            assert!(commands.iter().any(|command| command == note.command), "there is no {:?}", note.command);
        }
    }
}
