//! The process's environment, as a value: tests hand in their own.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
};

/// Variables by name.
#[derive(Clone, Debug, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Returns the variables of this process.
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// Returns a variable's value; one that is empty counts as not set.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Returns the variables whose name starts with this prefix, by the rest of their name.
    pub(super) fn with_prefix<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a OsStr)> + 'a {
        let named = self.0.iter().filter_map(|(name, value)| Some((name.to_str()?, value.as_os_str())));
        named.filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value)))
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
