//! What the settings name outside of themselves: users, groups, files with secrets. Looked up here alone, so that the
//! start, each reload and `ssectld config check` refuse the same.

use crate::{
    access::{Access, UnknownName, group_named},
    config::{Config, ControlConfig, Mode},
    control::server::Rights,
    http::secret::Secrets,
    secret::Secret,
};

/// What the settings name, found.
#[derive(Debug)]
pub struct Named {
    /// Who may do what.
    pub access: Access,
    /// What callers of the internal listener must show.
    pub secrets: Secrets,
    /// What the file of the control socket is like.
    pub rights: Rights,
}

/// What is not there, or no good: all of it, each in a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Misnamed(Vec<String>);

impl Named {
    /// Looks up what these settings name.
    pub fn find(config: &Config) -> Result<Self, Misnamed> {
        let mut wrong = Vec::new();
        let access = note(Access::load(config), &mut wrong);
        let rights = note(rights(&config.control), &mut wrong);
        let secrets = note(Secrets::load(config), &mut wrong);
        if config.mode == Mode::Gateway {
            note(Secret::read("gateway.secret_file", &config.gateway.secret_file), &mut wrong);
        }
        let credentials = &config.cluster.credentials_file;
        if !config.cluster.nats_url.is_empty() && !credentials.as_os_str().is_empty() {
            let readable = std::fs::File::open(credentials)
                .map_err(|error| format!("cannot read cluster.credentials_file {credentials:?}: {error}"));
            note(readable, &mut wrong);
        }
        match (access, secrets, rights) {
            (Some(access), Some(secrets), Some(rights)) if wrong.is_empty() => {
                Ok(Self { access, secrets, rights })
            }
            _ => Err(Misnamed(wrong)),
        }
    }
}

fn note<T>(found: Result<T, impl std::fmt::Display>, wrong: &mut Vec<String>) -> Option<T> {
    found.map_err(|error| wrong.push(error.to_string())).ok()
}

fn rights(control: &ControlConfig) -> Result<Rights, String> {
    let named = |error: UnknownName| format!("control.group: {error}");
    let group = match control.group.as_str() {
        "" => None,
        name => Some(group_named(name).map_err(named)?),
    };
    Ok(Rights { group, open_to: control.open_to })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_not_there_is_named_and_the_gateways_secret_only_where_there_is_one() {
        let mut config = Config::default();
        config.access.readers = vec!["no-such-user".to_owned()];
        config.control.group = "no-such-group".to_owned();
        config.publish.token_file = "/nowhere/token".into();
        config.gateway.secret_file = "/nowhere/secret".into();
        let told = Named::find(&config).expect_err("nothing is there").to_string();
        let begins = ["access.readers: ", "control.group: ", "cannot read publish.token_file "];
        assert!(
            told.lines().count() == 3 && told.lines().zip(begins).all(|(l, b)| l.starts_with(b)),
            "{told}"
        );
        config.mode = Mode::Gateway;
        config.cluster.credentials_file = "/nowhere/nats.creds".into();
        assert!(!Named::find(&config).expect_err("wrong").to_string().contains("creds"), "it is alone");
        config.cluster.nats_url = "nats://127.0.0.1".to_owned();
        let told = Named::find(&config).expect_err("nothing is there").to_string();
        assert!(told.contains("gateway.secret_file \"/nowhere"), "{told}");
        assert!(
            told.lines().last().is_some_and(|l| l.contains("cluster.credentials_file \"/nowhere")),
            "{told}"
        );
        assert!(Named::find(&Config::default()).is_ok());
    }
}
