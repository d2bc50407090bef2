//! What JSON Schemas say of texts that have a form: patterns are those of every dialect of regular expressions, so
//! they let a little more through than is accepted where Unicode would be needed to say it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::{event::EventName, request_id::RequestId, token::Token, version::MAX_VERSION_BYTES};

/// Gives a type the schema of a text with this form.
macro_rules! form {
    ($type:ty, $name:literal, $form:expr) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let mut schema = $form;
                schema.insert("type".to_owned(), "string".into());
                schema
            }
        }
    };
}

/// A moment.
pub(crate) struct Moment;

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// An idempotency key.
pub(crate) struct Key;

/// The name of a version.
pub(crate) struct VersionName;

/// To how many connections a version is to be written.
pub(crate) struct LeastWritten;

form!(
    LeastWritten,
    "LeastWritten",
    json_schema!({
        "description": "A share of connections, or a number of them: 95% or 20.",
        "pattern": r"^[0-9]+(\.[0-9]+)?%$|^[0-9]+$",
    })
);

form!(
    Key,
    "Key",
    json_schema!({
        "description": "An idempotency key: the same key and order is carried out once, and answered with the \
                        first receipt. Another order with it is a conflict. Kept for 24 hours at least.",
        "pattern": "^[!-~]{1,128}$",
    })
);

/// Why somebody did something.
pub(crate) struct Reason;

form!(
    Reason,
    "Reason",
    json_schema!({
        "description": "Why, in a line: 1 to 200 bytes without control characters.",
        "minLength": 1,
        "maxLength": crate::reason::MAX,
    })
);

form!(
    VersionName,
    "VersionName",
    json_schema!({
        "description": "A version: 1 to 256 bytes without control characters.",
        "minLength": 1,
        "maxLength": MAX_VERSION_BYTES,
    })
);

form!(
    RequestId,
    "RequestId",
    json_schema!({
        "description": "The browser's logical id: 1 to 128 bytes of printable Unicode without ':', control, format \
                        or space characters.",
        "pattern": r"^[^:\s]+$",
        "maxLength": RequestId::MAX_BYTES,
    })
);

form!(
    Token,
    "Token",
    json_schema!({
        "description": "The name of one stream, a capability: whoever is no operator sees 8 characters of it.",
        "pattern": "^[!-~]+$",
        "maxLength": Token::MAX_BYTES,
    })
);

form!(
    EventName,
    "EventName",
    json_schema!({
        "description": "The name of an event. Those that the daemon itself sends are reserved.",
        "pattern": "^[A-Za-z0-9_.-]{1,64}$",
    })
);
