//! `ssectld store`: a state that no daemon uses is checked, exported, made anew.

use std::{
    fmt::Display,
    fs::{self, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

use ssectl_core::{
    app::{Loadable, loadable},
    config::{self, Environment},
    private_dir,
    store::{Contents, Existing, RedbStore, StoreError, archive},
};

use crate::{
    args,
    exit::{Exit, Failure},
    settings,
};

/// Does what `ssectld store check`, `export` and `import` do.
pub(crate) fn attend(arguments: &args::Settings, what: &args::Store) -> Result<(), Failure> {
    let environment = Environment::of_process();
    let config = settings::read(arguments, &environment)?.config;
    let dir = config::state_dir(&config.state, &environment).path;
    match what {
        args::Store::Check => check(&dir),
        args::Store::Export { file } => export(&dir, file.as_deref()),
        args::Store::Import { file, replace } => {
            let existing = if *replace { Existing::PutAside } else { Existing::Stays };
            import(&dir, file, existing)
        }
    }
}

fn check(dir: &Path) -> Result<(), Failure> {
    let contents = examine(dir)?;
    let found = loadable(&contents).map_err(|error| failure(&error))?;
    let end =
        if contents.closed { "closed in order" } else { "not closed by the last run, which harms nothing" };
    let (place, commits) = (dir.display(), contents.commits);
    settings::say(&format!("the state in {place} is whole: {commits} commits, {end}\n{}", summary(&found)))
}

fn summary(found: &Loadable) -> String {
    let Loadable { pending, receipts, tasks, unfinished, connections, audit, blocked } = found;
    format!(
        "  pending versions  {pending}\n  receipts          {receipts}\n  \
         tasks             {tasks} ({unfinished} unfinished)\n  connections       {connections}\n  \
         audit entries     {audit}\n  refused ids       {blocked}\n"
    )
}

fn export(dir: &Path, file: Option<&Path>) -> Result<(), Failure> {
    let contents = examine(dir)?;
    let text = archive::write(&contents).map_err(|error| failure(&error))?;
    let Some(file) = file else { return settings::say(&text) };
    let cannot = |error: io::Error| {
        Failure::new(Exit::Failed, format!("cannot write {}: {error}", file.display()))
            .hint("name a file that is not there yet")
    };
    let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(cannot)?;
    to.write_all(text.as_bytes()).and_then(|()| to.sync_all()).map_err(cannot)
}

fn import(dir: &Path, file: &Path, existing: Existing) -> Result<(), Failure> {
    let unusable = |why: &dyn Display| {
        Failure::new(Exit::Unusable, format!("{} cannot be imported: {why}", file.display()))
            .hint("nothing was written; `ssectld store export FILE` makes what can be imported")
    };
    let text = read(file).map_err(|error| unusable(&error))?;
    let contents = archive::read(&text).map_err(|error| unusable(&error))?;
    let found = loadable(&contents).map_err(|error| unusable(&error))?;
    refuse_a_strangers(dir)?;
    let aside = RedbStore::found(dir, &contents, existing).map_err(|error| failure(&error))?;
    let aside =
        aside.map_or_else(String::new, |aside| format!("the former file is now {}\n", aside.display()));
    let place = dir.display();
    settings::say(&format!("{aside}the state in {place} is what was exported:\n{}", summary(&found)))
}

fn read(file: &Path) -> io::Result<String> {
    if file != Path::new("-") {
        return fs::read_to_string(file);
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

/// Refuses to write where the daemon, as another user, could not read it. Whose a directory is to be that root would
/// make, nobody can know.
fn refuse_a_strangers(dir: &Path) -> Result<(), Failure> {
    let we = private_dir::own_uid();
    match fs::metadata(dir).map(|found| found.uid()) {
        Ok(owner) if owner != we => {
            let place = dir.display();
            let message = format!(
                "{place} belongs to uid {owner}: its daemon could not read what uid {we} writes there"
            );
            let hint = format!("as that user: sudo -u '#{owner}' ssectld store import …");
            Err(Failure::new(Exit::Unusable, message).hint(hint))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && we == 0 => {
            let place = dir.display();
            let message = format!("{place} does not exist, and as root's the daemon's user could not use it");
            let hint = format!(
                "make it for the user that the daemon runs as, and import as that user: install -d -m 700 -o USER \
                 {place}"
            );
            Err(Failure::new(Exit::Unusable, message).hint(hint))
        }
        _ => Ok(()),
    }
}

fn examine(dir: &Path) -> Result<Contents, Failure> {
    RedbStore::examine(dir).map_err(|error| failure(&error))
}

fn failure(error: &StoreError) -> Failure {
    match error {
        StoreError::InUse { .. } => {
            Failure::new(Exit::Unavailable, error).hint("stop it first: ssectl daemon stop")
        }
        StoreError::Nothing(_) => Failure::new(Exit::Unusable, error)
            .hint("name its directory as the daemon has it: --set state.dir=DIR, or --config FILE"),
        StoreError::Occupied(_) => Failure::new(Exit::Failed, error)
            .hint("nothing was written; --replace puts the file that is there aside"),
        StoreError::Unusable { .. } => Failure::new(Exit::Unusable, error),
        StoreError::Failed(_) | StoreError::Broken(_) | StoreError::Closed => {
            Failure::new(Exit::Failed, error)
        }
    }
}
