//! The OpenAPI document, made of the table of operations and the types that it names.

#[cfg(feature = "daemon")]
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::{ALL, Answer, Doors, Method, Needs, Operation, Scope, Shape, components::Components};
use crate::control::{
    listing::{ClusterQuery, Field, ListQuery},
    types::{Change, Check, Complaint, ErrorCode, Failure, SchemaEntry, Unreachable},
};

/// The document as it is served.
#[cfg(feature = "daemon")]
pub(crate) static DOCUMENT: LazyLock<bytes::Bytes> = LazyLock::new(|| document().to_string().into());

const ABOUT: &str = "What ssectl and application backends ask of ssectld. On the control socket for whom the \
    socket's mode and the settings let in: `curl --unix-socket /run/ssectld/control.sock http://ssectld/v1/status`. \
    What application backends may ask is on the internal listener, too, with the token of publish.token_file.\n\n\
    Additive only: fields, values and operations are added, never renamed or given another meaning. Readers ignore \
    what they do not know; bodies must not have fields that are not described. The Content-Type of a body is not \
    looked at; no body is {}.\n\n\
    Of a daemon that is a member of a cluster, /v1/members/{member}/… asks another member what /v1/… asks this one, \
    and cluster=true asks all members at once: within two seconds, and `unanswered` names those that did not answer.\n\n\
    Orders are carried out once for each idempotency key. A status that is not described here has a body of the \
    same form as every error.";

/// The responses that errors are told with.
const RESPONSES: &[(u16, &str, &str)] = &[
    (400, "Invalid", "`invalid`: the request is wrong"),
    (
        401,
        "Unauthorized",
        "`denied`: the publisher's token is missing or wrong; on the internal listener only",
    ),
    (403, "Denied", "`denied`: the caller's role is too low"),
    (404, "NotFound", "`not_found`: there is no such thing"),
    (409, "Conflict", "`conflict`: it contradicts what is, the key of another order for example"),
    (413, "TooLarge", "`too_large`: it is over a limit"),
    (500, "Failed", "`internal`: something broke; `outcome_unknown`: whether it was done is not known"),
    (503, "Refused", "`refused`: the daemon does not do it now; the message says why"),
];

/// Returns the description of the control API: OpenAPI 3.1 with a JSON Schema for every body and answer, and for what
/// `ssectl` itself prints.
pub fn document() -> Value {
    let mut components = Components::new();
    let mut paths = Map::new();
    for operation in ALL.iter().copied().flatten() {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.key()] = described(operation, &mut components);
    }
    components.answer("error", &Answer::of::<Failure>(), "An error: what happened, why, what to do next");
    for (kind, answer, about) in PRINTED {
        components.answer(kind, answer, about);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "ssectld control API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [SOCKET.to_value()],
        "paths": paths,
        "components": {
            "schemas": components.into_schemas(),
            "responses": responses(),
            "securitySchemes": {
                "publisher": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "What is in publish.token_file.",
                },
            },
        },
    })
}

/// What `ssectl` prints in JSON besides the daemon's answers.
const PRINTED: &[(&str, Answer, &str)] = &[
    ("ssectl.error", Answer::of::<Complaint>(), "An error of ssectl: with -o json or jsonl a line on stderr"),
    ("ssectl.change", Answer::of::<Change>(), "A line of a list with --watch -o jsonl"),
    (
        "unreachable",
        Answer::one_of::<Unreachable>("unreachable"),
        "With --allow-unreachable, in place of the answer",
    ),
    ("doctor.checks.list", Answer::list_of::<Check>("doctor.checks.list"), "What ssectl doctor finds"),
    ("schemas.list", Answer::list_of::<SchemaEntry>("schemas.list"), "What ssectl schema knows"),
];

struct Server {
    url: &'static str,
    description: &'static str,
}

const SOCKET: Server =
    Server { url: "http://ssectld", description: "The control socket; the host is not looked at" };
const INTERNAL: Server =
    Server { url: "http://127.0.0.1:8091", description: "The internal listener, for application backends" };

impl Server {
    fn to_value(&self) -> Value {
        json!({ "url": self.url, "description": self.description })
    }
}

impl Method {
    /// Returns its name in a request.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }

    /// Returns its key in a document.
    pub fn key(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
        }
    }
}

fn described(operation: &Operation, components: &mut Components) -> Value {
    let subject = operation.name.split('.').next().unwrap_or(operation.name);
    let mut object = json!({
        "operationId": operation.name,
        "tags": [subject],
        "summary": operation.summary,
        "description": who(operation),
        "x-role": operation.role().to_string(),
    });
    if operation.doors == Doors::Both {
        object["servers"] = json!([SOCKET.to_value(), INTERNAL.to_value()]);
        object["security"] = json!([{}, { "publisher": [] }]);
    }
    let parameters = parameters(operation, components);
    if !parameters.is_empty() {
        object["parameters"] = parameters.into();
    }
    if let Some(body) = operation.body {
        let (schema, required) = components.body(body);
        object["requestBody"] =
            json!({ "required": required, "content": { "application/json": { "schema": schema } } });
    }
    object["responses"] = answers(operation, components);
    object
}

fn who(operation: &Operation) -> String {
    let role = operation.role();
    match operation.needs {
        Needs::Role(_) => format!("For the role {role} and those above it."),
        Needs::Order(verb) => {
            format!(
                "For the role {role} and those above it. Audited as {}; takes an idempotency key.",
                verb.name
            )
        }
    }
}

fn parameters(operation: &Operation, components: &mut Components) -> Vec<Value> {
    let named = operation.path.split(['{', '}']).skip(1).step_by(2);
    let mut parameters: Vec<Value> = named
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": components.named(name) }))
        .collect();
    parameters.extend(operation.query.into_iter().flat_map(|query| components.query(query)));
    if operation.scope != Scope::Daemon {
        parameters.extend(components.query(<ClusterQuery as schemars::JsonSchema>::json_schema));
    }
    if let Shape::Many(fields) = operation.answer.shape {
        let names = || fields.iter().map(|field: &Field| field.name).collect::<Vec<_>>().join(", ");
        let mut of_lists = components.query(<ListQuery as schemars::JsonSchema>::json_schema);
        for parameter in &mut of_lists {
            if parameter["name"] != "limit" {
                let about = parameter["description"].as_str().unwrap_or_default();
                parameter["description"] = format!("{about} Fields: {}.", names()).into();
            }
        }
        parameters.extend(of_lists);
    }
    parameters
}

fn answers(operation: &Operation, components: &mut Components) -> Value {
    let answer = &operation.answer;
    let form = match answer.shape {
        Shape::Lines => "application/x-ndjson",
        Shape::One | Shape::Many(_) | Shape::Bare => "application/json",
    };
    let schema = components.answer(answer.kind, answer, operation.summary);
    let mut answers = json!({
        "200": { "description": "Done", "content": { form: { "schema": schema } } },
    });
    let mut statuses: Vec<u16> = operation.errors().into_iter().map(ErrorCode::status).collect();
    if operation.doors == Doors::Both {
        // Without a token, and where application backends are not let in.
        statuses.extend([401, 404]);
    }
    statuses.sort_unstable();
    for status in statuses {
        if let Some((_, name, _)) = RESPONSES.iter().find(|(known, ..)| *known == status) {
            answers[status.to_string()] = json!({ "$ref": format!("#/components/responses/{name}") });
        }
    }
    answers
}

fn responses() -> Map<String, Value> {
    let error = json!({ "application/json": { "schema": { "$ref": "#/components/schemas/error" } } });
    let response = |(_, name, about): &(u16, &str, &str)| {
        ((*name).to_owned(), json!({ "description": about, "content": error }))
    };
    RESPONSES.iter().map(response).collect()
}
