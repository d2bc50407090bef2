//! `ssectld-api(7)`: the control API.

use ssectl_core::control::operations::{self, Doors, Method, Needs, Operation, Shape};

use super::see_others;
use crate::generate::page::Page;

/// Returns the page.
pub(super) fn page() -> Page {
    let mut page = Page::new("ssectld-api", "7", "control API of ssectld: HTTP and JSON over a local socket");
    page.section("SYNOPSIS").usage("curl --unix-socket /run/ssectld/control.sock http://ssectld/v1/", "...");
    page.section("DESCRIPTION").paragraph(
        "All that `ssectl` does, it asks of this API, which is HTTP/1.1 with JSON over the control socket of \
         `ssectld`; any program that can speak HTTP over a local socket can do the same. The name in the URL is not \
         looked at. Paths begin with `/v1`; within it fields and paths are only added, so a reader must ignore \
         fields that it does not know.",
    );
    access(&mut page);
    operations(&mut page);
    requests(&mut page);
    answers(&mut page);
    keys(&mut page);
    page.section("STREAMS").paragraph(
        "`GET /v1/tasks/{id}/events` follows a task as lines of JSON (`application/x-ndjson`), each with a `type`: \
         first `task`, the task as it is; an `event` for each that browsers are sent; a `heartbeat` after 15 \
         seconds of nothing; last `end`, the task as it ended. A stream without its `end` was cut off: ask again.",
    );
    limits(&mut page);
    page.section("FILES").item(
        "/run/ssectld/control.sock",
        "The socket of the system's daemon; that of a daemon of your own is `$XDG_RUNTIME_DIR/ssectld/control.sock`.",
    );
    page.examples(EXAMPLES);
    see_others(&mut page, "ssectld-api(7)");
    page
}

fn access(page: &mut Page) {
    page.section("ACCESS").paragraph(
        "The mode of the socket's file decides who reaches the daemon, and the kernel says which user that is. Each \
         has a role; each role may do what those before it may. Who has none, or too low a one, is answered 403 \
         with the role that is missing.",
    );
    for (role, may) in [
        ("reader", "Looks. Of each token it sees 8 characters, for a token is a capability."),
        ("publisher", "Queues versions, sends events, creates, reports and ends tasks."),
        (
            "operator",
            "Disconnects, clears versions, cancels and removes tasks, reads the audit log; sees tokens whole.",
        ),
        ("admin", "Stops, drains and reloads the daemon."),
    ] {
        page.item(role, may);
    }
    page.paragraph(
        "root and the daemon's own user are admins, members of the socket's group operators; `[access]` in \
         `ssectld.toml(5)` names others. Orders are in the audit log, those that were refused too.",
    );
    page.paragraph(
        "Application backends reach what a publisher may do, `POST /v1/versions`, `/v1/events` and `/v1/tasks…`, on \
         the internal listener too, once `publish.token_file` is set: they show its token as `Authorization: Bearer`. \
         Nothing else of this API is there.",
    );
}

fn operations(page: &mut Page) {
    page.section("OPERATIONS").paragraph(
        "`GET /v1/openapi.json` describes each with its query, body, answer and errors: an OpenAPI 3.1 document with \
         JSON Schemas. `ssectl schema` prints it, or one schema of it, without a daemon.",
    );
    for operation in operations::ALL.iter().copied().flatten() {
        let method = match operation.method {
            Method::Get => "GET",
            Method::Post => "POST",
        };
        page.item(&format!("{method} {}", operation.path), &format!("{}.", operation.summary));
        page.continued(&facts(operation));
    }
}

/// Says who may ask for it, and what comes back.
fn facts(operation: &Operation) -> String {
    let who = format!("For the role {} and above", operation.role());
    let order = match operation.needs {
        Needs::Order(verb) => format!(", as the order `{}`, with a key", verb.name),
        Needs::Role(_) => String::new(),
    };
    let doors = match operation.doors {
        Doors::Both => "; on the internal listener too",
        Doors::Socket => "",
    };
    let kind = operation.answer.kind;
    let answer = match operation.answer.shape {
        Shape::One => format!("One thing: `{kind}`."),
        Shape::Many(_) => format!("Many things: `{kind}`."),
        Shape::Lines => format!("Lines: `{kind}`."),
        Shape::Bare => String::new(),
    };
    format!("{who}{order}{doors}. {answer}")
}

fn requests(page: &mut Page) {
    page.section("REQUESTS").paragraph(
        "A body is JSON whatever its `Content-Type` says; no body is `{}`. A field that a call does not take is \
         refused. What stands in a path is percent-encoded.",
    );
    page.paragraph(
        "Lists take a query: `filter` (`state=live`, `user_agent~Firefox`, `age>2h`; may be repeated, all must \
         hold), `sort` (`age`, or `-age` for the largest first; several with commas) and `limit`. The daemon carries \
         them out, so what is not wanted is not sent.",
    );
}

fn answers(page: &mut Page) {
    page.section("ANSWERS").paragraph(
        "Many things are `{\"schema\", \"schema_version\", \"items\", \"total\", \"warnings\"}`, one thing has `item` \
         for `items` and no `total`, which counts also what a limit left out. `schema` says what they are \
         (`ssectl/connections.list`); `schema_version` changes only when a reader of the old form would go wrong. \
         Times are RFC 3339 in UTC, spans are milliseconds in fields that end with `_ms`.",
    );
    page.paragraph(
        "An error is `{\"error\": {\"code\", \"message\", \"cause\", \"hint\"}}`, the last two only where there is \
         more to say. The code goes with one status, and with one exit code of `ssectl`:",
    );
    for (code, meaning) in [
        ("invalid", "400, exit code 2. The request is wrong; 405 where a path does not take the method."),
        ("denied", "403, exit code 5. The caller may not."),
        ("not_found", "404, exit code 3. There is no such thing."),
        ("conflict", "409, exit code 6. It contradicts what is; a key was used for another order."),
        ("too_large", "413, exit code 2. It is over a limit."),
        ("refused", "503, exit code 1. The daemon does not do it now; the message says why."),
        ("internal", "500, exit code 1. Something broke."),
        (
            "outcome_unknown",
            "500, exit code 7. Whether it was done is not known: repeat it with the same key.",
        ),
    ] {
        page.item(code, meaning);
    }
}

fn keys(page: &mut Page) {
    page.section("REPEATING").paragraph(
        "Orders take a `key` of 1 to 128 printable characters, which makes them repeatable: the same key with the \
         same order is carried out once and gives the first receipt again, for 24 hours at least, across restarts \
         too; with another order it is a `conflict`. Keys are each user's own, and each kind of order's. Where none \
         is given, the receipt has the one that was generated. When no answer comes, send the same again.",
    );
    page.paragraph(
        "A receipt says what is certain: `stored`, `durable`, and how many `connections` an event was given to. \
         Nobody knows that a person saw it. Progress and events of applications take no key: sent twice, they \
         arrive twice.",
    );
}

fn limits(page: &mut Page) {
    page.section("LIMITS");
    for (what, limit) in [
        ("A request's body", "1 MiB; JSON in it 128 deep at most."),
        ("An event", "`events.max_bytes` (32768) encoded, its frame included."),
        ("A list", "32 filters, and as many fields to sort by; of the audit log 1000 entries at a time."),
        ("Clients at once", "256; more wait. While all places are taken, each answer ends its connection."),
        (
            "Time",
            "A request's head has 10 seconds to come, its body 30; an idle connection is closed after 75.",
        ),
    ] {
        page.item(what, limit);
    }
}

/// The tests execute each, against this socket and this listener.
const EXAMPLES: &[(&str, &str)] = &[
    ("curl --unix-socket /run/ssectld/control.sock http://ssectld/v1/status", "How the daemon is"),
    (
        "curl --unix-socket /run/ssectld/control.sock -G http://ssectld/v1/connections \\\n\
         \x20    --data-urlencode 'filter=age>2h' -d sort=-age -d limit=10",
        "The ten oldest connections",
    ),
    (
        "curl --unix-socket /run/ssectld/control.sock http://ssectld/v1/versions \\\n\
         \x20    -d '{\"version\": \"1.4.0\", \"key\": \"deploy-42\"}'",
        "Tell browsers of a version, once, however often it is repeated",
    ),
    (
        "curl --unix-socket /run/ssectld/control.sock http://ssectld/v1/events \\\n\
         \x20    -d '{\"name\": \"order.paid\", \"data\": {\"id\": 7}, \"request_id\": \"k3v9x\"}'",
        "Send an event to one browser",
    ),
    (
        "curl -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:8091/v1/events \\\n\
         \x20    -H 'Content-Type: application/json' -d '{\"name\": \"order.paid\", \"data\": {\"id\": 7}}'",
        "The same from an application, over the internal listener",
    ),
];
