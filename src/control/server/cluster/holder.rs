//! One thing, whichever member has it.

use axum::{
    Json,
    body::{Body, Bytes},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use futures_util::future::join_all;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{
    LONGER,
    round::{Answers, Heard, Round, Unsaid},
};
use crate::{
    control::server::{failure::Rejected, members, tasks},
    fleet::Question,
};

/// Returns the thing that is named; the younger one where two members have one.
pub(super) async fn found(round: &Round) -> Result<Response, Rejected> {
    let mut answers = Answers::of(round.ask(&round.query_without(&["cluster"])).await)?;
    let place = youngest(&answers.said);
    let (member, mut value) = answers.said.swap_remove(place);
    let mut item = value["item"].take();
    item["member"] = member.as_str().into();
    answers.said = vec![(member, value)];
    Ok(Json(answers.envelope("item", item, None)).into_response())
}

fn youngest(said: &[(String, Value)]) -> usize {
    let born = |item: &Value| {
        let moment = item["connected_at"].as_str().or_else(|| item["created_at"].as_str());
        moment.and_then(|moment| moment.parse::<Timestamp>().ok())
    };
    let places = said.iter().enumerate().max_by_key(|(_, (_, value))| born(&value["item"]));
    places.map_or(0, |(place, _)| place)
}

/// Returns the version of the highest sequence, and who does not have it.
pub(super) async fn newest(round: &Round) -> Result<Response, Rejected> {
    let heard = round.ask(&round.query_without(&["cluster"])).await;
    let members: Vec<_> = heard.iter().map(|heard| heard.member.clone()).collect();
    let mut answers = Answers::of(heard)?;
    let sequence = |value: &Value| value["item"]["sequence"].as_u64();
    let newest = answers.said.iter().filter_map(|(_, value)| sequence(value)).max();
    let has = |member: &String| {
        answers.said.iter().any(|(name, value)| name == member && sequence(value) == newest)
            || answers.unanswered.contains(member)
    };
    let behind: Vec<_> = members.iter().filter(|member| !has(member)).map(String::as_str).collect();
    if !behind.is_empty() {
        answers.warnings.push(format!("{} would tell something else", behind.join(", ")));
    }
    let place = answers.said.iter().position(|(_, value)| sequence(value) == newest).unwrap_or_default();
    let item = answers.said[place].1["item"].take();
    Ok(Json(answers.envelope("item", item, None)).into_response())
}

/// Asks the member that has the task: here, if it is this one.
pub(super) async fn owner(round: Round) -> Result<Response, Rejected> {
    let mut parts = round.path().splitn(5, '/');
    let segment = parts.nth(3).unwrap_or_default().to_owned();
    let id = percent_decode_str(&segment).decode_utf8_lossy().into_owned();
    if round.services.tasks.show(&id).is_some() {
        return Ok(round.here().await);
    }
    let show = format!("/v1/tasks/{segment}");
    let others = round.others();
    let heard = join_all(others.iter().map(|name| round.hear(name, "GET", &show, Bytes::new()))).await;
    let now = round.services.clock.now();
    let own = Heard {
        member: round.fleet.me().to_owned(),
        between: (now, now),
        said: Err(Unsaid::Refused(tasks::unknown(&id).0)),
    };
    let heard: Vec<Heard> = [own].into_iter().chain(heard).chain(round.unheard()).collect();
    let answers = Answers::of(heard)?;
    let (member, _) = &answers.said[youngest(&answers.said)];
    let target = round.target(&round.query_without(&["cluster"]));
    let question = round.question(round.operation.method.name(), &target, round.body.clone());
    let question = Question { limit: LONGER, ..question };
    let answer = round.fleet.ask(member, question).await;
    let answer = answer.map_err(|why| members::unanswered(member, &why))?;
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok((status, [(CONTENT_TYPE, answer.form)], Body::from_stream(answer.body)).into_response())
}
