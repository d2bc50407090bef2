//! Who may do what: a role for each user, and who asks.
//!
//! The kernel says which user is at the other end of the control socket, [`Accounts`] what the user is called and
//! which groups it is in, [`Roles`] what it may do. A role is looked up for each request, so that new settings
//! hold at once.

mod accounts;
mod roles;

use std::{fmt, sync::Arc};

pub use accounts::{Account, Accounts, UnknownName, group_name, group_named};
pub use roles::{AccessError, Roles};
use serde::{Deserialize, Serialize};

pub use crate::role::Role;
use crate::{config::Config, idempotency::Actor};

/// What the settings say about access, replaced as a whole.
#[derive(Debug)]
pub struct Access {
    /// Who has which role.
    pub roles: Roles,
}

impl Access {
    /// Reads what the settings name.
    pub fn load(config: &Config) -> Result<Self, AccessError> {
        Ok(Self { roles: Roles::load(&config.access)? })
    }
}

/// The file of the control socket: whom the kernel lets through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// The group of the file.
    pub group: u32,
    /// What that group is called.
    pub group_name: Option<String>,
    /// Nobody gets through but root, the owner and members of the group, of which the kernel makes sure.
    pub members_only: bool,
}

/// A process at the other end of the control socket.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its user.
    pub uid: u32,
    /// Its number, where the system tells.
    pub pid: Option<u32>,
    /// Its user's name and groups.
    pub account: Account,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.account.name {
            Some(name) => write!(f, "{name} (uid {})", self.uid),
            None => write!(f, "uid {}", self.uid),
        }
    }
}

/// Who asks, and what they may do.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose idempotency keys are used.
    pub actor: Actor,
    /// Nothing, if there is none.
    pub role: Option<Role>,
    /// The process, if it came over the control socket.
    pub peer: Option<Arc<Peer>>,
    /// The member of the cluster that passes on what it asks, if it did not ask here.
    pub via: Option<Arc<str>>,
    /// The group that makes an operator of a user.
    operators: Option<String>,
}

impl Caller {
    /// Returns a process that came over the control socket.
    pub fn local(peer: Arc<Peer>, door: &Door, roles: &Roles) -> Self {
        let role = roles.of(&peer, door);
        // Nobody is to be made a member of root's group.
        let operators = door.group_name.clone().filter(|_| door.group != 0);
        Self { actor: Actor::Uid(peer.uid), role, peer: Some(peer), via: None, operators }
    }

    /// Returns whoever showed the token of application backends.
    pub fn token() -> Self {
        Self { actor: Actor::Publisher, role: Some(Role::Publisher), peer: None, via: None, operators: None }
    }

    /// Returns a caller whom another member of the cluster let in.
    pub fn passed(passed: Passed) -> Self {
        let Passed { actor, role, user, pid, via } = passed;
        let peer = match actor {
            Actor::Uid(uid) => Some(Arc::new(Peer {
                uid,
                pid,
                account: Account { name: user.map(Into::into), groups: Vec::new() },
            })),
            Actor::Publisher | Actor::Testing => None,
        };
        Self { actor, role, peer, via: Some(via.into()), operators: None }
    }

    /// Returns what another member of the cluster is told of it by this one.
    pub fn pass(&self, via: &str) -> Passed {
        let peer = self.peer.as_deref();
        Passed {
            actor: self.actor,
            role: self.role,
            user: peer.and_then(|peer| peer.account.name.as_deref().map(str::to_owned)),
            pid: peer.and_then(|peer| peer.pid),
            via: via.to_owned(),
        }
    }

    /// Returns whoever calls a testing endpoint.
    pub fn testing() -> Self {
        Self { actor: Actor::Testing, ..Self::token() }
    }

    /// Returns whether the caller may do what needs this role.
    pub fn has(&self, needed: Role) -> bool {
        self.role >= Some(needed)
    }

    /// Refuses a caller that may not do what needs this role.
    pub fn must_have(&self, needed: Role) -> Result<(), Denied> {
        if self.has(needed) { Ok(()) } else { Err(self.denied(needed)) }
    }

    fn denied(&self, needed: Role) -> Denied {
        let who = self.peer.as_ref().map_or_else(|| self.actor.to_string(), ToString::to_string);
        let has = self.role.map_or_else(|| "none".to_owned(), |role| role.to_string());
        let name = self.peer.as_ref().and_then(|peer| peer.account.name.as_deref());
        let entry = name.map_or_else(|| self.number(), str::to_owned);
        let listed = format!("add {entry:?} to access.{needed}s in ssectld's settings and reload it");
        let hint = match (&self.operators, name, self.role) {
            (Some(group), Some(name), None) if needed <= Role::Operator => {
                format!(
                    "sudo usermod -aG {group} {name} makes an operator of {name}; or {listed}; or use sudo"
                )
            }
            _ => format!("{listed}, or use sudo"),
        };
        Denied { needed, who, has, hint }
    }

    fn number(&self) -> String {
        self.peer.as_ref().map_or_else(String::new, |peer| peer.uid.to_string())
    }
}

/// A caller, as members of a cluster tell each other of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// Whose idempotency keys are used.
    pub actor: Actor,
    /// What it may do at the member that passes it on.
    pub role: Option<Role>,
    /// What its user is called there.
    pub user: Option<String>,
    /// Its process there.
    pub pid: Option<u32>,
    /// That member.
    pub via: String,
}

/// The caller may not do this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{who} may not do this: it needs the role {needed}, and theirs is {has}")]
pub struct Denied {
    /// What would be needed.
    needed: Role,
    who: String,
    has: String,
    /// What to type so that they may.
    pub hint: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(name: Option<&str>, role: Option<Role>, group: Option<&str>) -> Caller {
        let account = Account { name: name.map(Into::into), groups: vec![7] };
        let peer = Arc::new(Peer { uid: 1001, pid: None, account });
        Caller {
            actor: Actor::Uid(1001),
            role,
            peer: Some(peer),
            via: None,
            operators: group.map(Into::into),
        }
    }

    #[test]
    fn a_role_may_what_lower_ones_may() {
        let operator = caller(None, Some(Role::Operator), None);
        assert!([Role::Reader, Role::Publisher, Role::Operator].iter().all(|role| operator.has(*role)));
        assert!(!operator.has(Role::Admin));
        assert!(!caller(None, None, None).has(Role::Reader));
    }

    #[test]
    fn a_caller_that_is_passed_on_is_the_same_one_via_a_member() {
        let passed = Caller::passed(caller(Some("eve"), Some(Role::Operator), Some("ops")).pass("web-1"));
        assert_eq!((passed.actor, passed.role), (Actor::Uid(1001), Some(Role::Operator)));
        assert_eq!(passed.via.as_deref(), Some("web-1"));
        assert_eq!(passed.peer.expect("a process").to_string(), "eve (uid 1001)");
        assert!(Caller::passed(Caller::token().pass("web-1")).peer.is_none());
    }

    #[test]
    fn a_refusal_says_who_what_is_needed_and_what_to_type() {
        let stranger = caller(Some("eve"), None, Some("ops")).must_have(Role::Reader).expect_err("refused");
        assert_eq!(
            stranger.to_string(),
            "eve (uid 1001) may not do this: it needs the role reader, and theirs is none"
        );
        assert_eq!(
            stranger.hint,
            "sudo usermod -aG ops eve makes an operator of eve; or add \"eve\" to access.readers in ssectld's \
             settings and reload it; or use sudo"
        );
        let operator =
            caller(None, Some(Role::Operator), Some("ops")).must_have(Role::Admin).expect_err("refused");
        assert_eq!(
            operator.hint,
            "add \"1001\" to access.admins in ssectld's settings and reload it, or use sudo"
        );
    }
}
