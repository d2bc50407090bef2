//! Lists of all members.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::round::{Answers, Round};
use crate::control::{
    listing::{Field, Listing},
    operations::Shape,
    server::failure::Rejected,
};

/// What says whose an item is.
const WHOSE: &str = "member";
/// What of a query is about the list.
const OF_LISTS: [&str; 4] = ["cluster", "filter", "sort", "limit"];

/// Returns the items of all members, each with the name of the member that has it.
pub(super) async fn list(round: &Round, order: &str) -> Result<Response, Rejected> {
    let asked = Listing::from_query(round.head.uri.query().unwrap_or_default())?;
    let each = asked.of_each(WHOSE);
    let query = [round.query_without(&OF_LISTS), each.to_query()];
    let query = query.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("&");
    let mut answers = Answers::of(round.ask(&query).await)?;
    let (mut items, mut all) = (Vec::new(), 0);
    for (member, value) in &mut answers.said {
        let theirs = taken(value);
        let many = value["total"].as_u64().and_then(|total| usize::try_from(total).ok());
        all += many.unwrap_or(theirs.len());
        for mut item in theirs {
            item[WHOSE] = member.as_str().into();
            items.push(item);
        }
    }
    let (items, found) =
        asked.of_all(WHOSE, order).apply_to(fields(round), items, round.services.clock.now())?;
    // Where each left some out, only they know how many.
    let total = if each.limit.is_some() { all } else { found };
    Ok(Json(answers.envelope("items", items.into(), Some(total))).into_response())
}

/// Returns the versions that any member knows, each once, with the figures of all.
pub(super) async fn versions(round: &Round) -> Result<Response, Rejected> {
    let asked = Listing::from_query(round.head.uri.query().unwrap_or_default())?;
    let mut answers = Answers::of(round.ask(&round.query_without(&OF_LISTS)).await)?;
    let mut known: BTreeMap<u64, Value> = BTreeMap::new();
    let mut knowing: Vec<(String, BTreeSet<u64>)> = Vec::new();
    for (member, value) in &mut answers.said {
        let mut theirs = BTreeSet::new();
        for item in taken(value) {
            let Some(sequence) = item["sequence"].as_u64() else { continue };
            theirs.insert(sequence);
            match known.get_mut(&sequence) {
                Some(one) => add(&mut one["delivery"], &item["delivery"]),
                None => drop(known.insert(sequence, item)),
            }
        }
        knowing.push((member.clone(), theirs));
    }
    if let Some(newest) = known.keys().next_back() {
        let behind = knowing.iter().filter(|(_, theirs)| !theirs.contains(newest));
        let behind: Vec<_> = behind.map(|(member, _)| member.as_str()).collect();
        if !behind.is_empty() {
            answers.warnings.push(format!("{} has not heard of sequence {newest} yet", behind.join(", ")));
        }
    }
    let items = known.into_values().rev().collect();
    let (items, total) = asked.apply_to(fields(round), items, round.services.clock.now())?;
    Ok(Json(answers.envelope("items", items.into(), Some(total))).into_response())
}

/// Adds figures, as far as both are known.
fn add(one: &mut Value, two: &Value) {
    match (one.as_object_mut(), two.as_object()) {
        (Some(one), Some(two)) => {
            for (name, count) in one {
                let sum =
                    count.as_u64().zip(two.get(name).and_then(Value::as_u64)).map(|(one, two)| one + two);
                if let Some(sum) = sum {
                    *count = sum.into();
                }
            }
        }
        (None, Some(_)) => *one = two.clone(),
        _ => {}
    }
}

fn taken(value: &mut Value) -> Vec<Value> {
    match value["items"].take() {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}

fn fields(round: &Round) -> &'static [Field] {
    match round.operation.answer.shape {
        Shape::Many(fields) => fields,
        Shape::One | Shape::Lines | Shape::Bare => &[],
    }
}
