//! What `man ssectld` says besides the arguments.

use crate::generate::Manual;

pub(crate) const MANUAL: Manual = Manual {
    section: "8",
    more: &[
        (
            "EXIT STATUS",
            &[
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
            ],
        ),
        (
            "SIGNALS",
            &[
                (
                    "SIGTERM, SIGINT",
                    "Ends gracefully: new work is refused by name, running tasks may take shutdown.grace, streams are closed spread over shutdown.spread. A second one skips to closing streams.",
                ),
                (
                    "SIGHUP",
                    "Reads the settings again, as ssectl daemon reload does: all that may change at once does, or, if anything is wrong, nothing; the log says which, and what needs a restart. At a terminal it ends the daemon as SIGTERM does; for ssectld gateway it changes nothing.",
                ),
            ],
        ),
        (
            "ENVIRONMENT",
            &[
                (
                    "SSECTLD_SECTION__KEY",
                    "Sets a key, as in SSECTLD_LISTEN__PUBLIC or, at the top level, SSECTLD_MODE. Stronger than the file, weaker than --set.",
                ),
                ("SSECTL_SOCKET", "The control socket, when --socket and control.socket are not given."),
                (
                    "RUNTIME_DIRECTORY, XDG_RUNTIME_DIR",
                    "Where the control socket is, in this order; then /run/ssectld, then the user's own directory in the temporary folder.",
                ),
                (
                    "STATE_DIRECTORY, XDG_STATE_HOME, HOME",
                    "Where the state is when state.dir is empty, in this order; then the user's own directory in the temporary folder.",
                ),
                (
                    "PORT, CALLBACK_URL, HEARTBEAT_INTERVAL_SECONDS",
                    "For ssectld gateway, as the Node gateway has them: weaker than arguments, --set and SSECTLD_… variables, stronger than the file. A PORT that is none ends the program with 1.",
                ),
                (
                    "NOTIFY_SOCKET",
                    "Told READY=1 when the daemon serves, RELOADING=1 while settings are read again, and STOPPING=1 when it ends.",
                ),
                (
                    "WATCHDOG_USEC",
                    "How often systemd wants to hear WATCHDOG=1. The daemon says it only after its registry and its state have answered.",
                ),
                (
                    "LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES",
                    "Listening sockets that systemd hands over, by name: public and internal (TCP), control (a path). They win over listen.public, listen.internal and control.socket, for ssectld gateway over gateway_server.listen and gateway_server.internal. Any other name or kind of socket ends the program with 78.",
                ),
                ("NO_COLOR", "Log lines at a terminal without colour."),
            ],
        ),
        (
            "FILES",
            &[
                ("/etc/ssectld/ssectld.toml", "The settings of a packaged daemon; named with --config."),
                ("/run/ssectld/control.sock", "The control socket of a packaged daemon, mode 0660."),
                (
                    "ssectld-public.socket, ssectld-internal.socket, ssectld-control.socket",
                    "Socket units: what each holds open is not refused while the daemon restarts, and a connection starts the daemon.",
                ),
                ("/var/lib/ssectld", "Its state: pending versions, receipts, tasks, who ordered what."),
            ],
        ),
        (
            "EXAMPLES",
            &[
                ("ssectld", "Runs on 127.0.0.1:8090 and prints what to type next."),
                ("ssectld --set listen.public=127.0.0.1:0", "Takes any free port for streams."),
                (
                    "ssectld gateway --port 3000 --callback-url http://127.0.0.1:8091/api/sse/callback",
                    "Holds the streams for a daemon that runs with mode = \"gateway\".",
                ),
                (
                    "ssectld --config /etc/ssectld/ssectld.toml config check",
                    "Checks a file before a restart.",
                ),
                (
                    "sudo -u ssectld ssectld --config /etc/ssectld/ssectld.toml store export backup.jsonl",
                    "Backs the state of a stopped daemon up.",
                ),
            ],
        ),
        ("SEE ALSO", &[("ssectl(1)", "The operator's command.")]),
    ],
};
