//! What `ssectl(1)` says besides the arguments.

use crate::{exit, generate::Manual};

/// Sections of the page.
pub(crate) const MANUAL: Manual = Manual {
    section: "1",
    more: &[
        ("EXIT STATUS", exit::TABLE),
        ("ENVIRONMENT", ENVIRONMENT),
        ("FILES", FILES),
        ("EXAMPLES", EXAMPLES),
    ],
};

const ENVIRONMENT: &[(&str, &str)] = &[
    ("SSECTL_SOCKET", "The control socket, as --socket names it."),
    ("XDG_RUNTIME_DIR", "Where the socket of a daemon of your own is: ssectld/control.sock in it."),
    ("NO_COLOR", "No colours."),
    ("COLUMNS", "How wide tables may be on a terminal."),
];

const FILES: &[(&str, &str)] = &[
    ("$XDG_RUNTIME_DIR/ssectld/control.sock", "The socket of a daemon of your own."),
    ("/run/ssectld/control.sock", "The socket of the system's daemon."),
    (
        "/tmp/ssectld-UID/control.sock",
        "The socket of a daemon that has neither place, in the temporary folder.",
    ),
];

const EXAMPLES: &[(&str, &str)] = &[
    (
        "ssectl version queue 1.4.0 --changelog-file NEWS --deploy-id \"$BUILD\"",
        "Tells browsers of a deploy, once, however often it is repeated.",
    ),
    ("ssectl connections list -o json", "Lists connections for a script."),
    ("ssectl task start demo --follow", "Shows a task of the daemon to its end."),
    (
        "id=$(ssectl task create --name Import -o name); ssectl task progress \"$id\" --percent 40 --text Reading",
        "Reports a task of your own.",
    ),
    ("ssectl event send order.paid '{\"id\": 7}' --request-id k3v9x", "Sends an event to one browser."),
];
