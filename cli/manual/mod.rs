//! What the manual of `ssectl` says besides the arguments.

mod notes;

use crate::{
    exit,
    generate::manual::{Items, Manual},
};

/// The pages of `ssectl`.
pub(crate) const MANUAL: Manual = Manual {
    section: "1",
    exit: exit::TABLE,
    more: &[("ENVIRONMENT", ENVIRONMENT), ("FILES", FILES), ("NOTES", NOTES)],
    notes: notes::NOTES,
    see_also: &["ssectld(8)", "ssectld.toml(5)", "ssectld-api(7)"],
    others: Vec::new,
};

const ENVIRONMENT: Items = &[
    ("SSECTL_SOCKET", "The control socket, as `--socket` names it."),
    ("XDG_RUNTIME_DIR", "Where the socket of a daemon of your own is: `ssectld/control.sock` in it."),
    ("TMPDIR", "The temporary folder, where the socket is that has no other place."),
    ("NO_COLOR", "No colours."),
    ("COLUMNS", "How wide tables may be on a terminal."),
];

const FILES: Items = &[
    ("$XDG_RUNTIME_DIR/ssectld/control.sock", "The socket of a daemon of your own."),
    ("/run/ssectld/control.sock", "The socket of the system's daemon."),
    (
        "/tmp/ssectld-UID/control.sock",
        "The socket of a daemon that has neither place, in the temporary folder.",
    ),
];

const NOTES: Items = &[
    (
        "Which daemon",
        "The one of `--socket` or `SSECTL_SOCKET`, else the only one that answers in one of the places under \
         FILES. Where two do, the exit code is 2, and both are named. `-v` says which socket is used and why.",
    ),
    (
        "Output",
        "Tables are for people and may change. `-o json` and `-o jsonl` are for programs: they only gain fields. \
         The answer is on the standard output, everything else on the standard error, with `-o json` as JSON too.",
    ),
    (
        "Repeating",
        "Orders take `--key` (or `--deploy-id`): the same key and order is carried out once, however often it is \
         sent, for 24 hours at least. After exit codes 4 and 7, repeat the same command with the same key.",
    ),
];
