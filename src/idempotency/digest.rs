//! How a repeated body is recognised.

use serde::Serialize;
use serde_json::Value;

/// Returns a digest of a request's body without its top-level `key`: its length and its 128-bit FNV-1a hash.
///
/// Nobody gains by a collision (a key belongs to one actor, who would deceive themselves), so it need not be
/// cryptographic; it must be the same in every build, because it is stored.
pub(super) fn of(body: &impl Serialize) -> String {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let mut value = serde_json::to_value(body).unwrap_or(Value::Null);
    if let Value::Object(fields) = &mut value {
        fields.shift_remove("key");
    }
    let text = value.to_string();
    let hash = text.bytes().fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
    format!("{}-{hash:032x}", text.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_digest_ignores_the_key_and_nothing_else() {
        let body = of(&json!({"version": "1", "key": "a"}));
        assert_eq!(body, of(&json!({"version": "1", "key": "b"})));
        assert_eq!(body, of(&json!({"version": "1"})));
        assert_ne!(body, of(&json!({"version": "2"})));
        assert_ne!(body, of(&json!({"version": "1", "inner": {"key": "a"}})));
        assert_eq!(of(&json!("")), "2-088094af1dab1be95aa07330555adc6d", "stored: must never change");
    }
}
