//! Says for each request who asks, and lets only those through who may.

use std::{io, sync::Arc};

use axum::{
    Extension,
    extract::{RawPathParams, Request, State, rejection::RawPathParamsRejection},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::MethodRouter,
};

use interprocess::local_socket::{tokio::Stream, traits::StreamCommon};
use tokio::sync::OnceCell;

use super::{Shared, extract::UnreadBecause, failure::Rejected};
use crate::{
    access::{Account, Accounts, Caller, Door, Peer, Role},
    order::{Order, Verb},
};

/// The target of an order that nobody read.
const NOT_READ: &str = "(not read)";

/// Somebody on the control socket, as they were when they connected. What is known of them besides their numbers
/// is looked up with their first request.
pub(super) struct Visitor {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) pid: Option<u32>,
    /// Further groups, where the kernel tells.
    pub(super) groups: Vec<u32>,
    pub(super) accounts: Arc<Accounts>,
    pub(super) peer: OnceCell<Arc<Peer>>,
}

impl Visitor {
    /// Returns who is at the other end, as the kernel says.
    pub(super) fn of(stream: &Stream, accounts: &Arc<Accounts>) -> io::Result<Self> {
        let creds = stream.peer_creds()?;
        let (Some(uid), Some(gid)) = (creds.euid(), creds.egid()) else {
            return Err(io::ErrorKind::ConnectionAborted.into());
        };
        Ok(Self {
            uid,
            gid,
            pid: creds.pid().and_then(|pid| u32::try_from(pid).ok()),
            groups: creds.groups().unwrap_or_default().to_vec(),
            accounts: Arc::clone(accounts),
            peer: OnceCell::new(),
        })
    }

    async fn identify(&self) -> Arc<Peer> {
        let look_up = async || {
            let Account { name, mut groups } = self.accounts.find(self.uid, self.gid).await;
            groups.extend(&self.groups);
            Arc::new(Peer { uid: self.uid, pid: self.pid, account: Account { name, groups } })
        };
        Arc::clone(self.peer.get_or_init(look_up).await)
    }
}

/// What the role of a process depends on.
#[derive(Clone)]
pub(super) struct Guard {
    pub(super) services: Shared,
    pub(super) door: Arc<Door>,
}

/// Gives the request its [`Caller`], with the role that it has at this moment.
pub(super) async fn recognise(
    State(guard): State<Guard>,
    Extension(visitor): Extension<Arc<Visitor>>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = visitor.identify().await;
    let caller = Caller::local(peer, &guard.door, &guard.services.access.get().roles);
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Returns this method for callers with this role.
pub(super) fn only(role: Role, method: MethodRouter<Shared>) -> MethodRouter<Shared> {
    method.route_layer(from_fn_with_state(role, refuse_others))
}

async fn refuse_others(
    State(needed): State<Role>,
    Extension(caller): Extension<Caller>,
    request: Request,
    next: Next,
) -> Result<Response, Rejected> {
    caller.must_have(needed)?;
    Ok(next.run(request).await)
}

/// Returns this method for orders of this kind. The order itself refuses whose role is too low, as it is then known what
/// was asked for; but of those who have none at all nothing is read. What cannot be read is logged, too.
pub(super) fn ordering(services: &Shared, verb: Verb, method: MethodRouter<Shared>) -> MethodRouter<Shared> {
    method.route_layer(from_fn_with_state((Arc::clone(services), verb), log_unread))
}

async fn log_unread(
    State((services, verb)): State<(Shared, Verb)>,
    Extension(caller): Extension<Caller>,
    named: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
    next: Next,
) -> Response {
    let id = named.ok().and_then(|named| named.iter().next().map(|(_, id)| id.to_owned()));
    let nobody = caller.role.is_none();
    let unread = Order::new(caller, verb, &id.as_deref().unwrap_or(NOT_READ), None);
    if nobody && let Err(denied) = unread.allowed() {
        unread.refuse(&services, &denied);
        return Rejected::from(denied).into_response();
    }
    let response = next.run(request).await;
    if let Some(UnreadBecause(why)) = response.extensions().get() {
        unread.refuse(&services, why);
    }
    response
}
