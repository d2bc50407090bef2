//! Events as browsers get them, in the two forms that gateways have had.

use serde_json::value::RawValue;

use crate::config::Framing;

/// Why an event cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unwritable {
    /// The name would forge another field.
    Name,
    /// The envelope is JSON, and so must be what is in it.
    Data,
}

/// Returns the bytes of an event. An empty name is none.
pub(super) fn block(framing: Framing, name: Option<&str>, data: &str) -> Result<String, Unwritable> {
    let mut block = String::with_capacity(data.len() + name.map_or(0, str::len) + 40);
    match (framing, name.filter(|name| !name.is_empty())) {
        (_, None) => fields(&mut block, data),
        (Framing::Named, Some(name)) => {
            if name.contains(['\r', '\n']) {
                return Err(Unwritable::Name);
            }
            block.extend(["event: ", name, "\n"]);
            fields(&mut block, data);
        }
        (Framing::Envelope, Some("ready")) => block.push_str("event: ready\ndata:\n"),
        (Framing::Envelope, Some(name)) => {
            serde_json::from_str::<&RawValue>(data).map_err(|_| Unwritable::Data)?;
            if name == "rejected" {
                block.push_str("event: rejected\n");
                fields(&mut block, data);
            } else {
                let name = serde_json::Value::from(name);
                fields(&mut block, &format!(r#"{{"type":{name},"payload":{data}}}"#));
            }
        }
    }
    block.push('\n');
    Ok(block)
}

/// Writes a text as `data` fields, one for each line. Browsers end a line at CR LF, LF and CR, so these end ours:
/// nothing in a text is ever a field of its own.
fn fields(block: &mut String, text: &str) {
    let mut rest = text;
    while let Some(end) = rest.find(['\r', '\n']) {
        block.extend(["data: ", &rest[..end], "\n"]);
        let width = if rest[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = &rest[end + width..];
    }
    block.extend(["data: ", rest, "\n"]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stream::testing::messages;

    #[test]
    fn gw_30_an_unnamed_event_is_data_lines() {
        for framing in [Framing::Named, Framing::Envelope] {
            for (data, expected) in [
                ("x", "data: x\n\n"),
                ("", "data: \n\n"),
                ("\n", "data: \ndata: \n\n"),
                ("a\nb", "data: a\ndata: b\n\n"),
                ("é\u{1f600}", "data: é\u{1f600}\n\n"),
            ] {
                assert_eq!(block(framing, None, data).as_deref(), Ok(expected));
                assert_eq!(block(framing, Some(""), data).as_deref(), Ok(expected));
            }
        }
    }

    #[test]
    fn gw_31_a_named_event_in_both_forms() {
        let named = |name, data| block(Framing::Named, Some(name), data);
        assert_eq!(named("n", "a\nb").as_deref(), Ok("event: n\ndata: a\ndata: b\n\n"));
        assert_eq!(named("ready", "").as_deref(), Ok("event: ready\ndata: \n\n"));
        let envelope = |name, data| block(Framing::Envelope, Some(name), data);
        assert_eq!(
            envelope("n\"\n", r#"{"a": 1.0}"#).as_deref(),
            Ok("data: {\"type\":\"n\\\"\\n\",\"payload\":{\"a\": 1.0}}\n\n")
        );
        assert_eq!(envelope("ready", "dropped").as_deref(), Ok("event: ready\ndata:\n\n"));
        assert_eq!(envelope("rejected", "{}").as_deref(), Ok("event: rejected\ndata: {}\n\n"));
    }

    #[test]
    fn bug_g5_names_and_payloads_of_several_lines_forge_nothing() {
        for name in ["a\nb", "a\rdata: x", "\n"] {
            assert_eq!(block(Framing::Named, Some(name), "x"), Err(Unwritable::Name));
        }
        let pretty = "{\n  \"a\": 1\r\n}";
        let block = block(Framing::Envelope, Some("n"), pretty).expect("JSON");
        let [message] = messages(block.as_bytes()).try_into().expect("one event");
        assert_eq!(message.data, "{\"type\":\"n\",\"payload\":{\n  \"a\": 1\n}}");
    }

    #[test]
    fn bug_g6_bug_g10_what_is_not_json_is_refused_under_the_envelope() {
        for data in ["", "x", "{", "NaN", "1 2"] {
            for name in ["n", "rejected"] {
                assert_eq!(block(Framing::Envelope, Some(name), data), Err(Unwritable::Data));
            }
        }
    }

    proptest! {
        #[test]
        fn bug_g4_whatever_the_data_one_event_arrives(
            data in "([a-z: ]|\r|\n|\u{0}|\u{feff}|data: |event: x|\u{1f600}){0,30}",
            name in proptest::option::of("[a-zA-Z0-9_ :.é]{1,12}"),
        ) {
            let block = block(Framing::Named, name.as_deref(), &data).expect("a name of one line");
            let seen = messages(block.as_bytes());
            let lines = data.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(seen.len(), 1);
            prop_assert_eq!(&seen[0].data, &lines);
            prop_assert_eq!(&seen[0].name, name.as_deref().unwrap_or("message"));
        }
    }
}
