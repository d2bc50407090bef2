//! Who has which role.
//!
//! A user who is named in a list has the role of that list, whatever groups the user is in: so a reader can be a
//! member of the group that may open the socket. Everybody else has the highest role of their groups.

use std::collections::HashMap;

use super::{Door, Peer, Role, UnknownName, accounts, group_named};
use crate::{config::AccessConfig, private_dir};

/// What a user namespace shows in the place of every user that it does not know.
const UNMAPPED: u32 = 65534;

/// A list of the settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {unknown}")]
pub struct AccessError {
    /// The setting.
    pub setting: &'static str,
    /// What is wrong with it.
    pub unknown: UnknownName,
}

/// Roles by user and by group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles {
    own: u32,
    users: HashMap<u32, Role>,
    groups: HashMap<u32, Role>,
}

impl Roles {
    /// Looks up everybody whom the settings name.
    pub fn load(config: &AccessConfig) -> Result<Self, AccessError> {
        let mut roles = Self { own: private_dir::own_uid(), users: HashMap::new(), groups: HashMap::new() };
        // From the lowest to the highest: whoever is in several lists has the highest role.
        let lists = [
            ("access.readers", Role::Reader, &config.readers),
            ("access.publishers", Role::Publisher, &config.publishers),
            ("access.operators", Role::Operator, &config.operators),
            ("access.admins", Role::Admin, &config.admins),
        ];
        for (setting, role, list) in lists {
            for entry in list {
                roles.grant(entry, role).map_err(|unknown| AccessError { setting, unknown })?;
            }
        }
        Ok(roles)
    }

    fn grant(&mut self, entry: &str, role: Role) -> Result<(), UnknownName> {
        match entry.strip_prefix('@') {
            Some(group) => self.groups.insert(group_named(group)?, role),
            None => self.users.insert(accounts::user_named(entry)?, role),
        };
        Ok(())
    }

    /// Returns the role of a process that came through the control socket.
    pub fn of(&self, peer: &Peer, door: &Door) -> Option<Role> {
        match peer.uid {
            uid if uid == 0 || uid == self.own => Some(Role::Admin),
            UNMAPPED => None,
            uid => self.users.get(&uid).copied().or_else(|| self.of_groups(&peer.account.groups, door)),
        }
    }

    fn of_groups(&self, groups: &[u32], door: &Door) -> Option<Role> {
        let listed = groups.iter().filter_map(|group| self.groups.get(group)).copied().max();
        let member = door.members_only || groups.contains(&door.group);
        listed.max(member.then_some(Role::Operator))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Account, *};

    const OPS: u32 = 900;

    fn peer(uid: u32, groups: &[u32]) -> Peer {
        Peer { uid, pid: None, account: Account { name: None, groups: groups.to_vec() } }
    }

    fn roles(own: u32) -> Roles {
        let list = |entries: &[&str]| entries.iter().map(|&entry| entry.to_owned()).collect();
        let config = AccessConfig {
            admins: list(&["101"]),
            operators: list(&["102", "@202"]),
            publishers: list(&["103", "101"]),
            readers: list(&["104", "@204", "@202"]),
        };
        Roles { own, ..Roles::load(&config).expect("numbers need not be known") }
    }

    #[test]
    fn who_is_who() {
        let open = Door { group: OPS, group_name: None, members_only: false };
        let shut = Door { members_only: true, ..open.clone() };
        for (uid, groups, through_open, through_shut) in [
            (0, &[0][..], Some(Role::Admin), Some(Role::Admin)),
            (77, &[77], Some(Role::Admin), Some(Role::Admin)),
            (101, &[1], Some(Role::Admin), Some(Role::Admin)),
            (102, &[1], Some(Role::Operator), Some(Role::Operator)),
            (103, &[1], Some(Role::Publisher), Some(Role::Publisher)),
            (104, &[OPS, 202], Some(Role::Reader), Some(Role::Reader)),
            (105, &[1, 204], Some(Role::Reader), Some(Role::Operator)),
            (105, &[204, 202], Some(Role::Operator), Some(Role::Operator)),
            (105, &[1, OPS], Some(Role::Operator), Some(Role::Operator)),
            (105, &[1], None, Some(Role::Operator)),
            (UNMAPPED, &[OPS], None, None),
        ] {
            assert_eq!(roles(77).of(&peer(uid, groups), &open), through_open, "{uid} {groups:?}");
            assert_eq!(roles(77).of(&peer(uid, groups), &shut), through_shut, "{uid} {groups:?}");
        }
        assert_eq!(
            roles(UNMAPPED).of(&peer(UNMAPPED, &[]), &open),
            Some(Role::Admin),
            "it is the daemon's own"
        );
    }

    #[test]
    fn names_are_looked_up_and_unknown_ones_refused() {
        let named = AccessConfig { readers: vec!["root".into(), "@root".into()], ..AccessConfig::default() };
        // Where group 0 has another name, the error says so.
        if let Ok(roles) = Roles::load(&named) {
            assert_eq!((roles.users[&0], roles.groups[&0]), (Role::Reader, Role::Reader));
        }
        for (entry, what) in [
            ("no such user", "no user \"no such user\""),
            ("@no-such-group", "no group \"no-such-group\""),
            ("", "no user \"\""),
            ("@", "no group \"\""),
            ("-1", "no user"),
            ("4294967296", "no user"),
        ] {
            let config = AccessConfig { operators: vec![entry.to_owned()], ..AccessConfig::default() };
            let error = Roles::load(&config).expect_err(entry).to_string();
            assert!(error.starts_with("access.operators: ") && error.contains(what), "{error}");
        }
    }
}
