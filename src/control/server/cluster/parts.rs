//! Orders that every member carries out: what it has of it, under a key made of the order's, so that all of it can be
//! repeated with that.

use axum::{
    Json,
    body::Bytes,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::round::{Answers, Heard, Round};
use crate::{
    control::{server::failure::Rejected, types::ErrorCode},
    key,
};

/// What receipts call those of whom something was done.
const DONE: [&str; 2] = ["disconnected", "unblocked"];

/// Has everyone do its part, and returns what was done.
pub(super) async fn carried_out(round: &Round) -> Result<Response, Rejected> {
    let text: &[u8] = if round.body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { &round.body };
    let Ok(Value::Object(mut order)) = serde_json::from_slice(text) else {
        // Its refusal says what is wrong, and is logged.
        return Ok(round.here().await);
    };
    let dry = order.get("dry_run").and_then(Value::as_bool).unwrap_or_default();
    let given = order.get("key").and_then(Value::as_str).map(str::to_owned);
    let key = given.unwrap_or_else(|| if dry { String::new() } else { uuid::Uuid::new_v4().to_string() });
    key_is_one(&key)?;
    if let Some(expected) = order.remove("expect").and_then(|count| count.as_u64()) {
        let rehearsed =
            Map::from_iter(order.clone().into_iter().chain([("dry_run".to_owned(), true.into())]));
        let answers = Answers::of(round.ask_each("", |_| body(&rehearsed)).await)?;
        expect(&answers, expected)?;
    }
    let heard = each(round, &order, &key).await;
    let mut answers = Answers::of(heard)?;
    // The same receipt, whichever member is asked.
    answers.said.sort_by(|one, two| one.0.cmp(&two.0));
    let mut receipt = whole(&answers, &key);
    let everywhere = refused_everywhere(&order, &receipt);
    if let Some(order) = everywhere.filter(|_| !dry) {
        let again = Answers::of(each(round, &order, &format!("{key}+")).await)?;
        receipt["refused_until"] = latest(&again.said);
        answers.misses(again.unanswered, again.warnings);
    }
    Ok(Json(answers.envelope("item", receipt, None)).into_response())
}

async fn each(round: &Round, order: &Map<String, Value>, key: &str) -> Vec<Heard> {
    let part = |member: &str| {
        let mut part = order.clone();
        part.insert("key".to_owned(), of_part(key, member).into());
        body(&part)
    };
    round.ask_each("", part).await
}

fn key_is_one(text: &str) -> Result<(), Rejected> {
    if text.is_empty() {
        Ok(())
    } else {
        key::check(text).map_err(|error| Rejected::invalid(error.to_string()))
    }
}

fn body(order: &Map<String, Value>) -> Bytes {
    // Plain data with string keys: it always encodes.
    serde_json::to_vec(order).unwrap_or_default().into()
}

/// Returns the key of a member's part; a long one is told from others by its sum.
fn of_part(key: &str, member: &str) -> String {
    let whole = format!("{key}@{member}");
    if key::check(&whole).is_ok() {
        return whole;
    }
    let printable = whole.bytes().filter(u8::is_ascii_graphic).take(100).map(char::from);
    format!("{}@{:08x}", printable.collect::<String>(), crc32fast::hash(whole.as_bytes()))
}

fn expect(answers: &Answers, expected: u64) -> Result<(), Rejected> {
    let found: usize = answers.said.iter().map(|(_, value)| done(value).len()).sum();
    if !answers.unanswered.is_empty() {
        let message = format!("whether it is {expected} connections is not known: nothing was done");
        return Err(Rejected::new(ErrorCode::Refused, message).cause(&answers.warnings.join("; ")));
    }
    if found as u64 == expected {
        return Ok(());
    }
    let message = format!("it is {found} connections, not {expected}: nothing was done");
    Err(Rejected::new(ErrorCode::Conflict, message)
        .hint("see which: the same with --dry-run and without --expect"))
}

fn done(value: &Value) -> &[Value] {
    let lists = DONE.iter().find_map(|name| value["item"][*name].as_array());
    lists.map_or(&[], Vec::as_slice)
}

/// Returns one receipt of all: what was done anywhere, and what was found nowhere.
fn whole(answers: &Answers, key: &str) -> Value {
    let mut receipt = answers.said.first().map_or(Value::Null, |(_, value)| value["item"].clone());
    let all: Vec<Value> = answers.said.iter().flat_map(|(_, value)| done(value).iter().cloned()).collect();
    let nowhere = |name: &Value| {
        answers.said.iter().all(|(_, value)| {
            value["item"]["not_found"].as_array().is_some_and(|missing| missing.contains(name))
        })
    };
    let missing = receipt["not_found"].as_array().cloned().unwrap_or_default();
    receipt["not_found"] = missing.into_iter().filter(nowhere).collect();
    receipt["key"] = key.into();
    if receipt["unblocked"].is_array() {
        let mut each: Vec<Value> = Vec::new();
        for id in &all {
            if !each.contains(id) {
                each.push(id.clone());
            }
        }
        receipt["unblocked"] = each.into();
    } else if receipt["disconnected"].is_array() {
        receipt["disconnected"] = all.into();
    }
    if receipt["durable"].is_boolean() {
        receipt["refused_until"] = latest(&answers.said);
        receipt["durable"] = answers.said.iter().all(|(_, value)| value["item"]["durable"] == true).into();
        let part = |(member, value): &(String, Value)| {
            json!({
                "member": member,
                "key": value["item"]["key"],
                "disconnected": done(value),
                "durable": value["item"]["durable"],
            })
        };
        receipt["members"] = answers.said.iter().map(part).collect();
    }
    receipt
}

fn latest(said: &[(String, Value)]) -> Value {
    let moments = said.iter().filter_map(|(_, value)| value["item"]["refused_until"].as_str());
    moments.max_by_key(|moment| moment.parse::<Timestamp>().ok()).map_or(Value::Null, Into::into)
}

/// Returns the order that refuses whom the first one disconnected, also where they were not connected.
fn refused_everywhere(order: &Map<String, Value>, receipt: &Value) -> Option<Map<String, Value>> {
    let ids = receipt["disconnected"].as_array().filter(|ids| !ids.is_empty())?;
    let time = order.get("no_reconnect_ms")?;
    let named = order.get("request_ids").and_then(Value::as_array);
    if ids.iter().all(|id| named.is_some_and(|named| named.contains(id))) {
        return None;
    }
    let mut again = Map::new();
    again.insert("request_ids".to_owned(), ids.clone().into());
    again.insert("no_reconnect_ms".to_owned(), time.clone());
    for name in ["reason", "private"] {
        again.extend(order.get(name).map(|value| (name.to_owned(), value.clone())));
    }
    Some(again)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_part_is_one_and_its_own() {
        assert_eq!(of_part("deploy-1", "web-2"), "deploy-1@web-2");
        let long = "k".repeat(128);
        let (one, two) = (of_part(&long, "web-1"), of_part(&long, "web-2"));
        assert!(key::check(&one).is_ok() && one != two, "{one}");
    }
}
