//! What is to be known about each command: exit codes of its own, and examples. The tests execute every example as it
//! stands here, with `k3v9x` connected.

use crate::generate::manual::{Items, Note};

const fn note(command: &'static str, exit: Items, examples: Items) -> Note {
    Note { command, exit, examples }
}

pub(super) const NOTES: &[Note] = &[
    PROGRAM,
    note(
        "connections list",
        &[],
        &[
            (
                "ssectl connections list --filter 'age>2h' --filter user_agent~Firefox --sort -age --limit 10",
                "The ten oldest Firefoxes that have been connected for longer than two hours",
            ),
            ("ssectl connections list --filter 'queued>10k' --sort -queued -o wide", "Who does not keep up"),
            ("ssectl connections list -o name", "Request ids alone, one a line"),
            ("ssectl connections list --columns request_id,age --no-headers", "Two columns, nothing else"),
            ("ssectl connections list --watch -o jsonl", "What changes, line by line, until Ctrl-C"),
        ],
    ),
    note(
        "connections show",
        &[("3", "Nobody is connected by that id.")],
        &[("ssectl connections show k3v9x", "All that is known of one connection")],
    ),
    note(
        "connections watch",
        &[],
        &[
            ("ssectl connections watch -o jsonl", "What happens, line by line, until Ctrl-C"),
            (
                "ssectl connections watch --filter reason=slow_consumer -o jsonl",
                "Only those that are ended because they do not read",
            ),
        ],
    ),
    note(
        "connections disconnect",
        &[
            ("1", "The question was not answered with yes: nothing was done."),
            ("3", "None of those that were named is connected."),
            ("6", "It is another number than --expect says: nothing was done."),
            ("8", "Some of them were not connected; with --cluster, a member did not answer."),
        ],
        &[
            (
                "ssectl connections disconnect --filter user_agent~Mozilla --expect 1 --dry-run",
                "Whom it would be, and whether it is as many as you think; nothing is done",
            ),
            ("ssectl connections disconnect k3v9x", "End one browser's stream; it normally comes back"),
            (
                "ssectl connections disconnect --filter 'queued>1M' --yes --reason 'does not read' --no-reconnect=30m",
                "Whoever does not read, who is told why and not let in for half an hour",
            ),
            ("ssectl connections disconnect --all --yes", "End all of them"),
        ],
    ),
    note(
        "connections unblock",
        &[("3", "None of them was refused."), ("8", "Some of them were not refused.")],
        &[(
            "ssectl connections disconnect k3v9x --no-reconnect --key \"$BUILD\" || true\n\
             ssectl connections list --blocked\nssectl connections unblock k3v9x",
            "Let a browser in again",
        )],
    ),
    note(
        "version queue",
        &[
            ("6", "The key was used for another order, or --expect-pending expected something else."),
            (
                "8",
                "With --wait: it is queued, and was not written to as many as were asked for, in time or at all.",
            ),
            ("7", "With --wait also: it is queued, and to how many it was written is not known."),
        ],
        &[
            (
                "ssectl version queue 1.4.0 --changelog-file NEWS --deploy-id \"$BUILD\"",
                "Tell browsers of a deploy, once, however often it is repeated",
            ),
            (
                "ssectl version queue 1.4.0 --if-changed --wait --min-written 95% --timeout 30s",
                "Wait until it was written to 95 % of those who are connected and stay",
            ),
            (
                "ssectl version queue 1.4.0 --allow-unreachable",
                "Do not fail a deploy because ssectld is not there",
            ),
            ("ssectl version queue 1.4.0 --dry-run", "How many would be told"),
            ("ssectl version queue 1.4.0-rc1 --request-id k3v9x", "Tell one browser alone"),
            ("ssectl version queue 1.4.1 -o json", "The receipt, for a program"),
        ],
    ),
    note(
        "version list",
        &[],
        &[
            ("ssectl version list", "What is pending"),
            ("ssectl version list --filter for= -o jsonl", "What is pending for everyone, for a program"),
        ],
    ),
    note(
        "version show",
        &[("3", "Nothing is pending for it.")],
        &[("ssectl version queue 1.4.0\nssectl version show k3v9x", "What this browser would be told")],
    ),
    note(
        "version history",
        &[],
        &[
            ("ssectl version history --limit 5", "The last five, who queued them, and how far each has come"),
            ("ssectl version history --filter state=cleared -o jsonl", "What was taken back, for a program"),
        ],
    ),
    note(
        "version status",
        &[("3", "It was never queued, or too long ago.")],
        &[
            ("ssectl version status", "How many connections were sent which version"),
            (
                "ssectl version queue 1.4.0\nssectl version status 1.4.0 -o json",
                "The same about one version, for a program",
            ),
        ],
    ),
    note(
        "version clear",
        &[],
        &[
            ("ssectl version clear", "Newcomers are told nothing any more"),
            ("ssectl version clear --request-id k3v9x", "Forget what is pending for one browser"),
            ("ssectl version clear --all", "Forget everything"),
        ],
    ),
    note(
        "version current",
        &[("3", "Nothing is pending.")],
        &[(
            "ssectl version queue 1.4.0\nssectl version current -o name",
            "The version that newcomers are told",
        )],
    ),
    note(
        "task start",
        &[("10", "With --follow: it failed, or was cancelled.")],
        &[
            ("ssectl task start demo --follow", "Show a task of the daemon to its end"),
            ("ssectl task start demo --param steps=5 --param delay=0.1", "The same with parameters"),
        ],
    ),
    note(
        "task run",
        &[
            ("N", "The command ended with N; 128 and the number of the signal, if one killed it."),
            ("4", "With --require-daemon: the daemon cannot be reached, the command was not started."),
            ("126", "The command cannot be executed."),
            ("127", "There is no such command."),
        ],
        &[
            (
                "ssectl task run --name \"DB migration\" -- ./migrate.sh --all",
                "Browsers see the percentages in its output",
            ),
            (
                "ssectl task run --name Import --share-output -- sh -c 'echo \"::progress 0.4 Reading\"; ./import.sh'",
                "A script that says itself how far it is; browsers see its lines, too",
            ),
        ],
    ),
    note(
        "task create",
        &[],
        &[(
            "id=$(ssectl task create --name Import -o name)\n\
             ssectl task progress \"$id\" --percent 40 --text \"two of five files\"\n\
             ssectl task complete \"$id\" --result '{\"success\": true}'",
            "Report work of your own, from its beginning to its end",
        )],
    ),
    note(
        "task progress",
        &[("3", "There is no such task."), ("6", "It has ended.")],
        &[(
            "id=$(ssectl task create --name Import -o name)\nssectl task progress \"$id\" --value 0.4 --text Reading",
            "Say how far it is",
        )],
    ),
    note(
        "task complete",
        &[("3", "There is no such task."), ("6", "It has ended otherwise.")],
        &[(
            "id=$(ssectl task create --name Import -o name)\n\
             ssectl task complete \"$id\" --result '{\"success\": true, \"rows\": 120}'",
            "End it well, with a result that browsers see",
        )],
    ),
    note(
        "task fail",
        &[("3", "There is no such task."), ("6", "It has ended otherwise.")],
        &[(
            "id=$(ssectl task create --name Import -o name)\nssectl task fail \"$id\" --error \"the disk is full\"",
            "End it badly",
        )],
    ),
    note(
        "task list",
        &[],
        &[
            ("ssectl task list --filter status=running", "What is running"),
            ("ssectl task list --filter status=failed --columns task_id,name,text", "What failed, and why"),
        ],
    ),
    note(
        "task show",
        &[("3", "There is no such task.")],
        &[(
            "id=$(ssectl task start demo -o name)\nssectl task show \"$id\" -o json",
            "One task, for a program",
        )],
    ),
    note(
        "task follow",
        &[("0", "It completed."), ("3", "There is no such task."), ("10", "It failed, or was cancelled.")],
        &[(
            "id=$(ssectl task start demo -o name)\nssectl task follow \"$id\"",
            "Wait for a task, whatever restarts meanwhile",
        )],
    ),
    note(
        "task cancel",
        &[("3", "There is no such task."), ("6", "It has ended.")],
        &[(
            "id=$(ssectl task create --name Import -o name)\nssectl task cancel \"$id\"",
            "End a task that nobody reports any more",
        )],
    ),
    note(
        "task remove",
        &[("3", "There is no such task."), ("6", "It has not ended.")],
        &[(
            "id=$(ssectl task create --name Import -o name)\n\
             ssectl task complete \"$id\"\n\
             ssectl task remove \"$id\"",
            "Forget a task that has ended before the daemon does",
        )],
    ),
    note(
        "event tail",
        &[],
        &[
            ("ssectl event tail -o jsonl", "Every event, as it is sent, until Ctrl-C"),
            (
                "ssectl event tail --since 0 --filter service=task -o jsonl",
                "Task events, those of the last minutes first",
            ),
        ],
    ),
    note(
        "event send",
        &[("0", "It was sent to whoever is connected, which may be nobody: the answer says how many.")],
        &[
            ("ssectl event send order.paid '{\"id\": 7}' --request-id k3v9x", "Send an event to one browser"),
            ("echo '{\"at\": \"22:00\"}' | ssectl event send maintenance -", "Send one to everyone"),
        ],
    ),
    note(
        "status",
        &[
            ("8", "With --cluster: a member did not answer."),
            ("10", "With --check: it is not ready, or something is degraded."),
        ],
        &[
            ("ssectl status", "How the daemon is"),
            ("ssectl status -o json", "The same for a program"),
            ("ssectl status --check -q -o name", "Whether all is well, for a monitor"),
            (
                "ssectl status --watch -o jsonl",
                "Again and again for a program, an answer a line, until Ctrl-C",
            ),
        ],
    ),
    note(
        "members list",
        &[("1", "The daemon is not a member of a cluster.")],
        &[
            ("ssectl members list", "Who is in the cluster, and whether each answers"),
            ("ssectl members list --filter state=silent -o name", "Only the names of those that do not"),
        ],
    ),
    note(
        "top",
        &[
            ("2", "There is no terminal, or this program was built without the feature tui."),
            ("130", "It was left with Ctrl-C, not with q."),
        ],
        &[("ssectl top", "The daemon as it goes on; ? says what the keys do")],
    ),
    note(
        "doctor",
        &[("0", "Nothing fails; there may be warnings."), ("10", "A check fails.")],
        &[
            ("ssectl doctor", "What is wrong, and what to type next"),
            ("ssectl doctor -o jsonl", "The same for a program, a check a line"),
        ],
    ),
    note("wait ready", OVER, &[("ssectl wait ready --timeout 60s", "Go on once the daemon is ready")]),
    note(
        "wait version",
        &[
            ("7", "The time is over: it was not queued, or not written to so many."),
            ("10", "It cannot be written to so many any more."),
        ],
        &[(
            "ssectl version queue 1.4.0\nssectl wait version 1.4.0 --min-written 95%",
            "Go on once another job has told browsers of it",
        )],
    ),
    note(
        "wait task",
        &[
            ("0", "It completed."),
            ("7", "The time is over: it has not ended, or there is none."),
            ("10", "It failed, or was cancelled."),
        ],
        &[(
            "id=$(ssectl task start demo -o name)\nssectl wait task \"$id\" --timeout 5m",
            "Go on once it has ended, without its progress",
        )],
    ),
    note(
        "wait drained",
        OVER,
        &[(
            "ssectl daemon drain --over 1s\nssectl wait drained --timeout 2m\nssectl daemon drain --cancel",
            "Go on once nobody is connected any more",
        )],
    ),
    note(
        "schema",
        &[("3", "There is no such kind.")],
        &[
            (
                "ssectl schema > openapi.json",
                "The OpenAPI document of the control API, for generators of clients",
            ),
            ("ssectl schema connections.list", "The JSON Schema of what connections list -o json prints"),
            ("ssectl schema --list", "What there are schemas of"),
        ],
    ),
    note(
        "completions",
        &[],
        &[
            (
                "ssectl completions bash > ~/ssectl.bash",
                "What a line `source ~/ssectl.bash` in ~/.bashrc reads",
            ),
            ("ssectl completions fish", "What a package for fish installs"),
        ],
    ),
    note(
        "audit",
        &[("5", "It is for operators.")],
        &[
            ("ssectl audit --since 1h", "Who ordered what in the last hour"),
            ("ssectl audit --filter outcome=refused --limit 20", "What was refused, and why"),
        ],
    ),
    note(
        "daemon reload",
        &[("1", "The settings are wrong: nothing has changed.")],
        &[("ssectl daemon reload", "Read the settings again")],
    ),
    note(
        "daemon drain",
        &[],
        &[
            ("ssectl daemon drain --over 60s --dry-run", "How many browsers would come back in a second"),
            (
                "ssectl daemon drain --over 1s\nssectl daemon drain --cancel",
                "Send embedded streams away evenly, and let them in again",
            ),
        ],
    ),
    note(
        "daemon log-level",
        &[],
        &[
            ("ssectl daemon log-level debug --for 10m", "A line for each connection, for ten minutes"),
            (
                "ssectl daemon log-level ssectl_core::task=debug --for 1h\nssectl daemon log-level --reset",
                "More of one part only; as the settings say again",
            ),
            ("ssectl daemon log-level", "What is logged now"),
        ],
    ),
    note("daemon stop", &[], &[("ssectl daemon stop", "Stop it gracefully, and wait until it is gone")]),
];

const OVER: Items = &[("7", "The time is over.")];

const PROGRAM: Note = note(
    "",
    &[],
    &[
        ("ssectl connections list -o json", "Connections, for a script"),
        (
            "ssectl version queue 1.4.0 --changelog-file NEWS --deploy-id \"$BUILD\"",
            "Tell browsers of a deploy, once, however often it is repeated",
        ),
        ("ssectl task start demo --follow", "Show a task of the daemon to its end"),
        (
            "id=$(ssectl task create --name Import -o name)\n\
             ssectl task progress \"$id\" --percent 40 --text Reading",
            "Report a task of your own",
        ),
        ("ssectl event send order.paid '{\"id\": 7}' --request-id k3v9x", "Send an event to one browser"),
    ],
);

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Cli;

    fn leaves(command: &clap::Command, above: &str, found: &mut Vec<String>) {
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            let words = format!("{above} {}", sub.get_name()).trim().to_owned();
            if sub.has_subcommands() { leaves(sub, &words, found) } else { found.push(words) }
        }
    }

    #[test]
    fn every_command_has_an_example_and_no_other_has() {
        let mut commands = vec![String::new()];
        leaves(&Cli::command(), "", &mut commands);
        for command in &commands {
            let noted = NOTES.iter().any(|note| note.command == command && !note.examples.is_empty());
            assert!(noted, "cli/manual/notes.rs has no example of `ssectl {command}`");
        }
        for note in NOTES {
            assert!(commands.iter().any(|command| command == note.command), "there is no {:?}", note.command);
        }
    }
}
