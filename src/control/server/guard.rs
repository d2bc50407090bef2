//! Says for each request who asks, and lets only those through who may.

use std::{io, sync::Arc};

use axum::{
    Extension, Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};

use interprocess::local_socket::{tokio::Stream, traits::StreamCommon};
use tokio::sync::OnceCell;

use super::{Shared, failure::Rejected};
use crate::access::{Account, Accounts, Caller, Door, Peer, Role};

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

/// Returns these routes for callers with this role.
pub(super) fn only(role: Role, routes: Router<Shared>) -> Router<Shared> {
    routes.route_layer(from_fn_with_state(role, refuse_others))
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
