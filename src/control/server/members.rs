//! The members of a cluster: listed, and asked one by one.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Json, Router,
    body::Body,
    extract::{Path, Request, State},
    http::{StatusCode, Uri, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::any,
};
use futures_util::future::join_all;
use tower::ServiceExt;

use super::{
    Shared, cluster,
    extract::{self, Asked, Params},
    failure::Rejected,
};
use crate::{
    access::Caller,
    config::in_cluster_name,
    control::{
        operations::{self, Method, Needs, Operation},
        types::{ErrorCode, List, Member, MemberState, MembersAsked},
    },
    fleet::{Fleet, OTHERS, Question, Unanswered},
    order::Order,
};

/// Returns the members, each as it is now.
pub(super) async fn list(
    State(services): State<Shared>,
    Params(besides): Params<MembersAsked>,
    Asked(asked): Asked,
) -> Result<Json<List<Member>>, Rejected> {
    let fleet = cluster::fleet(&services)?;
    let heard = fleet.members();
    let members = if besides.heard { heard } else { ping(&*fleet, heard).await };
    let mut list = List::of("members.list", members, &asked, services.clock.now())?;
    if !fleet.link().heard {
        list.unanswered.push(OTHERS.to_owned());
        list.warnings.push(Unanswered::Unheard.to_string());
    }
    Ok(Json(list))
}

async fn ping(fleet: &dyn Fleet, members: Vec<Member>) -> Vec<Member> {
    let ask = async |member: Member| {
        if member.name == fleet.me() {
            return member;
        }
        let now = fleet.ping(&member.name, cluster::LIMIT).await;
        now.unwrap_or(Member { state: MemberState::Silent, ..member })
    };
    join_all(members.into_iter().map(ask)).await
}

/// Returns members as those said that answered; the others are silent.
pub(super) fn with_states(members: &[Member], said: impl Fn(&Member) -> Option<Member>) -> Vec<Member> {
    let silent = |member: &Member| Member { state: MemberState::Silent, ..member.clone() };
    members.iter().map(|member| said(member).unwrap_or_else(|| silent(member))).collect()
}

/// Adds what passes questions on to other members to what is answered here.
pub(super) fn passing_on(own: Router, services: &Shared) -> Router {
    let passing = Router::new()
        .route("/v1/members/{member}/{*rest}", any(pass_on))
        .with_state((Arc::clone(services), own.clone()));
    passing.fallback_service(own)
}

async fn pass_on(
    State((services, own)): State<(Shared, Router)>,
    Extension(caller): Extension<Caller>,
    Path((member, _)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Rejected> {
    let fleet = cluster::fleet(&services)?;
    let target = target(request.uri()).ok_or_else(|| Rejected::invalid("the path cannot be read"))?;
    let operation = asked(&request, &target)?;
    if let Err(denied) = caller.must_have(operation.role()) {
        if let Needs::Order(verb) = operation.needs {
            Order::new(caller, verb, &format!("at {member}"), None).refuse(&services, &denied);
        }
        return Err(denied.into());
    }
    if member == fleet.me() {
        let (mut head, body) = request.into_parts();
        head.uri =
            target.parse().map_err(|error| Rejected::invalid("the path cannot be read").cause(&error))?;
        return Ok(own.oneshot(Request::from_parts(head, body)).await.into_response());
    }
    if !member.bytes().all(in_cluster_name) {
        return Err(unknown(&*fleet, &member));
    }
    let limit = cluster::LONGER + waits(&target);
    let method = request.method().to_string();
    let body = axum::body::to_bytes(request.into_body(), extract::MAX_BODY).await;
    let body =
        body.map_err(|error| Rejected::invalid("the request's body could not be read").cause(&error))?;
    let (caller, patience) = (caller.pass(fleet.me()), cluster::LIMIT);
    let question = Question { method, target, body, caller, patience, limit };
    // Also one that was not heard of yet: it may have joined in this moment.
    let answer = fleet.ask(&member, question).await.map_err(|why| nobody(&*fleet, &member, why))?;
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok((status, [(CONTENT_TYPE, answer.form)], Body::from_stream(answer.body)).into_response())
}

/// Returns path and query as they are to be asked there.
fn target(uri: &Uri) -> Option<String> {
    let whole = uri.path_and_query()?.as_str();
    let rest = whole.strip_prefix("/v1/members/")?.split_once('/')?.1;
    Some(format!("/v1/{rest}"))
}

fn asked(request: &Request, target: &str) -> Result<&'static Operation, Rejected> {
    let path = target.split('?').next().unwrap_or_default();
    let method =
        [Method::Get, Method::Post].into_iter().find(|method| method.name() == request.method().as_str());
    method.and_then(|method| operations::at(method, path)).ok_or_else(|| {
        Rejected::not_found(format!("there is no {} {path}", request.method()))
            .hint("GET /v1/openapi.json says what there is; ssectl schema prints it")
    })
}

/// Returns how long a question itself wants to wait.
fn waits(target: &str) -> Duration {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let ms = query.split('&').find_map(|pair| pair.strip_prefix("timeout_ms=")?.parse().ok());
    Duration::from_millis(ms.unwrap_or_default()).min(Duration::from_secs(60))
}

/// Returns what to say for a member that did not answer, and may be none.
fn nobody(fleet: &dyn Fleet, member: &str, why: Unanswered) -> Rejected {
    let is_heard_of = fleet.members().iter().any(|known| known.name == member);
    match why {
        why if is_heard_of || !why.was_asked_nothing() => unanswered(member, &why),
        _ if !fleet.link().heard => unanswered(member, &Unanswered::Unheard),
        Unanswered::Gone => unknown(fleet, member),
        why => unanswered(member, &why),
    }
}

fn unknown(fleet: &dyn Fleet, member: &str) -> Rejected {
    let names: Vec<_> = fleet.members().into_iter().map(|member| member.name).collect();
    Rejected::not_found(format!("there is no member {member:?} in the cluster {}", fleet.name()))
        .cause(&format!("the members are {}", names.join(", ")))
        .hint("see them: ssectl members list")
}

/// Returns what to say for a member that did not answer.
pub(super) fn unanswered(member: &str, why: &Unanswered) -> Rejected {
    match why {
        Unanswered::TooLarge(_) => Rejected::new(ErrorCode::TooLarge, why.to_string()),
        why if why.was_asked_nothing() => Rejected::new(
            ErrorCode::Unreachable,
            format!("{member} cannot be reached: nothing was done there"),
        )
        .cause(why)
        .hint("see who answers: ssectl members list"),
        why => Rejected::new(ErrorCode::OutcomeUnknown, format!("{member} did not answer"))
            .cause(&format!("{why}; whether it did what was asked is unknown")),
    }
}
