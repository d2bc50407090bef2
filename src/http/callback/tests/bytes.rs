//! Whatever bytes come.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::notice;

/// JSON that is often nearly right.
fn nearly() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!("connect")),
        Just(json!("disconnect")),
        ".{0,12}".prop_map(Value::from),
        "/[?]request_id=.{0,6}".prop_map(Value::from),
    ];
    let key = prop::sample::select(vec!["action", "token", "request", "url", "headers", "reason", "x"]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(key.clone().prop_map(str::to_owned), inner, 0..7)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_understood(body in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(notice::parse(Some("application/json"), &body).is_err());
    }

    #[test]
    fn any_json_is_refused_or_understood(body in nearly()) {
        let _ = notice::parse(Some("application/json"), body.to_string().as_bytes());
    }

    #[test]
    fn a_cut_callback_is_never_understood(at in 0..66usize) {
        let whole = br#"{"action":"connect","token":"t","request":{"url":"/?request_id=a"}}"#;
        prop_assert!(notice::parse(Some("application/json"), whole).is_ok());
        prop_assert!(notice::parse(Some("application/json"), &whole[..at]).is_err());
    }
}
