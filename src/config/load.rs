//! Reads the settings: arguments win over variables, those over the file, that over the defaults.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use toml::{
    Spanned, Table, Value,
    de::{DeTable, DeValue},
};

use super::{
    Config, ConfigError, Environment, Origin, error,
    keys::{self, Key},
    validate,
};

/// The largest file that is read.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Who may say something about the settings.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file; none is needed.
    pub file: Option<PathBuf>,
    /// The variables.
    pub environment: Environment,
    /// `KEY=VALUE` of each `--set`, later ones win.
    pub set: Vec<String>,
    /// The path of `--socket`.
    pub socket: Option<PathBuf>,
}

/// Settings that a daemon can run with, and where they are from.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Who said so, by key; what is not here is a default.
    origins: BTreeMap<String, Origin>,
}

impl Loaded {
    /// Returns where the value of this key is from.
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
    }

    fn override_with(
        &mut self,
        table: &mut Table,
        origin: Origin,
        path: &str,
        text: &str,
    ) -> Result<(), ConfigError> {
        let refuse = |message, hint| Err(ConfigError::Outside { origin: origin.clone(), message, hint });
        let Some(key) = keys::find(path) else {
            return refuse(format!("unknown key {path:?}"), Some(keys::advice(path)));
        };
        let value = value_of(key, text);
        let mut alone = Table::new();
        insert(&mut alone, key, value.clone());
        if let Err(error) = Config::deserialize(Value::Table(alone)) {
            let example = format!("its default is {path} = {}", toml_text(&key.default));
            return refuse(format!("{path}: {}", error.message().trim_end()), Some(example));
        }
        insert(table, key, value);
        self.origins.insert(path.to_owned(), origin);
        Ok(())
    }
}

/// Reads and checks the settings.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let mut loaded = Loaded::default();
    let mut table = match &sources.file {
        Some(path) => from_file(path, &mut loaded)?,
        None => Table::new(),
    };
    for (name, value) in settings_of(&sources.environment) {
        let origin = Origin::Variable(format!("{}{name}", keys::ENVIRONMENT_PREFIX));
        let path = name.to_lowercase().replace("__", ".");
        let text = unicode(value, &origin)?;
        loaded.override_with(&mut table, origin, &path, text)?;
    }
    for assignment in &sources.set {
        let origin = Origin::Argument("--set");
        let Some((path, text)) = assignment.split_once('=') else {
            let message = format!("{assignment:?} has no `=`");
            let hint = Some("write --set KEY=VALUE, as in --set listen.public=127.0.0.1:0".to_owned());
            return Err(ConfigError::Outside { origin, message, hint });
        };
        loaded.override_with(&mut table, origin, path.trim(), text)?;
    }
    if let Some(socket) = &sources.socket {
        let origin = Origin::Argument("--socket");
        let text = unicode(socket.as_os_str(), &origin)?;
        let quoted = Value::String(text.to_owned()).to_string();
        loaded.override_with(&mut table, origin, "control.socket", &quoted)?;
    }
    loaded.config = Config::deserialize(Value::Table(table)).map_err(|error| ConfigError::Outside {
        origin: Origin::Default,
        message: error.message().to_owned(),
        hint: None,
    })?;
    credentials(&mut loaded, &sources.environment);
    match validate::problems(&loaded) {
        problems if problems.is_empty() => Ok(loaded),
        problems => Err(ConfigError::Invalid(problems)),
    }
}

/// The variable in which systemd names the directory with what `LoadCredential=` loads.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Looks for secrets in the directory of credentials: for those that are named by a relative path, and for those that
/// nobody named, under the name of their setting.
fn credentials(loaded: &mut Loaded, environment: &Environment) {
    let Some(dir) = environment.get(CREDENTIALS).map(Path::new) else { return };
    let config = &mut loaded.config;
    let settings = [
        ("callback.secret_file", &mut config.callback.secret_file),
        ("publish.token_file", &mut config.publish.token_file),
        ("gateway.secret_file", &mut config.gateway.secret_file),
        ("gateway_server.secret_file", &mut config.gateway_server.secret_file),
    ];
    for (key, file) in settings {
        if !file.as_os_str().is_empty() {
            *file = dir.join(&*file);
            continue;
        }
        let found = dir.join(key.trim_end_matches("_file"));
        if found.exists() {
            *file = found;
            loaded.origins.insert(key.to_owned(), Origin::Variable(CREDENTIALS.to_owned()));
        }
    }
}

/// Returns the variables that are settings. What Kubernetes sets for a service named `ssectld` is not.
fn settings_of(environment: &Environment) -> impl Iterator<Item = (&str, &OsStr)> {
    let of_kubernetes = |name: &str, value: &OsStr| {
        name.starts_with("SERVICE_")
            || name.starts_with("PORT_")
            || (name == "PORT" && value.to_str().is_some_and(|value| value.contains("://")))
    };
    environment.with_prefix(keys::ENVIRONMENT_PREFIX).filter(move |(name, value)| !of_kubernetes(name, value))
}

fn unicode<'a>(text: &'a OsStr, origin: &Origin) -> Result<&'a str, ConfigError> {
    text.to_str().ok_or_else(|| ConfigError::Outside {
        origin: origin.clone(),
        message: format!("{text:?} is not valid UTF-8"),
        hint: None,
    })
}

/// Returns a value as it is written in the file.
pub(super) fn toml_text(value: &serde_json::Value) -> String {
    Value::try_from(value).map_or_else(|_| value.to_string(), |value| value.to_string())
}

/// Reads a value as TOML where it is, else takes it as the text it is.
fn value_of(key: &Key, text: &str) -> Value {
    let parsed = || {
        let mut table: Table = toml::from_str(&format!("v = {text}\n")).ok()?;
        if table.len() == 1 { table.remove("v") } else { None }
    };
    let bare = || Value::String(text.to_owned());
    match parsed() {
        Some(value @ Value::String(_)) => value,
        _ if key.default.is_string() => bare(),
        Some(value) => value,
        None => bare(),
    }
}

fn insert(table: &mut Table, key: &Key, value: Value) {
    let (section, name) = key.parts();
    let target = if section.is_empty() {
        Some(table)
    } else {
        table.entry(section).or_insert_with(|| Value::Table(Table::new())).as_table_mut()
    };
    if let Some(target) = target {
        target.insert(name.to_owned(), value);
    }
}

fn from_file(path: &Path, loaded: &mut Loaded) -> Result<Table, ConfigError> {
    let unreadable = |cause| ConfigError::Unreadable { path: path.to_owned(), cause };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_FILE_BYTES {
        return Err(unreadable(std::io::Error::other(format!(
            "it has {size} bytes, more than a config file may"
        ))));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    from_text(path, &text, loaded)
}

pub(super) fn from_text(path: &Path, text: &str, loaded: &mut Loaded) -> Result<Table, ConfigError> {
    let file = path.display().to_string();
    let refuse = |message: &str, span: Option<std::ops::Range<usize>>, hint| ConfigError::InFile {
        message: message.trim_end().to_owned(),
        excerpt: error::excerpt(&file, text, span.unwrap_or(0..0)),
        hint,
    };
    let document = DeTable::parse(text).map_err(|error| refuse(error.message(), error.span(), None))?;
    for (found, path_of_key) in keys_of(document.get_ref()) {
        if keys::find(&path_of_key).is_none() {
            let message = format!("unknown key {path_of_key:?} in {file}");
            return Err(refuse(&message, Some(found), Some(keys::advice(&path_of_key))));
        }
        let origin = Origin::File { path: path.to_owned(), line: error::line_of(text, found.start) };
        loaded.origins.insert(path_of_key, origin);
    }
    toml::from_str::<Config>(text).map_err(|error| refuse(error.message(), error.span(), None))?;
    toml::from_str(text).map_err(|error| refuse(error.message(), error.span(), None))
}

/// Returns the place and the path of every key. A known section that is no table is left to the types.
fn keys_of(document: &DeTable<'_>) -> Vec<(std::ops::Range<usize>, String)> {
    let mut found = Vec::new();
    for (name, value) in document {
        let is_section = keys::of_section(name.get_ref()).next().is_some();
        match value.get_ref() {
            DeValue::Table(section) if is_section => {
                let inner = section
                    .keys()
                    .map(|key: &Spanned<_>| (key.span(), format!("{}.{}", name.get_ref(), key.get_ref())));
                found.extend(inner);
            }
            _ if is_section => {}
            _ => found.push((name.span(), name.get_ref().to_string())),
        }
    }
    found
}
