//! The files of a state directory, and whether they may be used.
//!
//! `state.redb` holds the records. `state.initialised` says that there are some, in which file format, and how
//! many commits there were when the store was last closed: a file that is missing, empty or an older one is
//! noticed. The marker is also what is locked. A new state is prepared as `state.redb.new` and renamed, so what
//! bears the name is whole.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
};

use redb::{Builder, Database, ReadableDatabase, StorageBackend, TableDefinition, backends::InMemoryBackend};

use super::{
    definition, read,
    writer::{Intact, apply},
};
use crate::store::{Change, StoreError, Table};

/// Facts about the file itself.
pub(super) const ABOUT: TableDefinition<'static, &str, u64> = TableDefinition::new("about");
/// How many commits there were.
pub(super) const COMMITS: &str = "commits";
/// The version of the layout.
const FORMAT: &str = "format";
const CURRENT_FORMAT: u64 = 1;

/// The first line of the marker.
const MARKER: &str = "ssectld state";
/// How it goes on while a process has the state.
const OPEN: &str = "open in process ";
/// How it goes on when the state was closed with so many commits.
const CLOSED: &str = "closed ";
/// Up to this size the whole file is checked on a copy in memory, so that the check changes nothing.
const CHECKED_ON_A_COPY: u64 = 64 * 1024 * 1024;
/// What to do with a file that cannot be used.
const ADVICE: &str = "It was left as it is: restore a backup, or move it and its marker away to begin anew";
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// Where the state is.
pub(super) struct StateFiles {
    pub(super) dir: PathBuf,
    pub(super) file: PathBuf,
    pub(super) marker: PathBuf,
}

/// The marker, locked.
pub(super) struct Marker {
    pub(super) file: File,
    pub(super) text: String,
}

/// An open state.
pub(super) struct Opened {
    path: PathBuf,
    /// Taken when it is closed.
    database: Option<Arc<Database>>,
    /// Locked until it is closed.
    marker: File,
}

impl StateFiles {
    pub(super) fn at(dir: &Path) -> Self {
        let file = |name| dir.join(name);
        Self { dir: dir.to_owned(), file: file("state.redb"), marker: file("state.initialised") }
    }

    pub(super) fn open(&self) -> Result<Opened, StoreError> {
        self.make_dir().map_err(|error| self.refuse(&self.dir, &io_reason(&error)))?;
        let Marker { mut file, text } = self.take()?;
        let there = self.file.try_exists().map_err(|error| self.refuse(&self.file, &error.to_string()))?;
        if !there {
            if !text.is_empty() {
                return Err(self.missing());
            }
            self.create()
                .map_err(|error| self.refuse(&self.file, &format!("it cannot be created: {error}")))?;
        }
        let database = self.check(closed_at(&text))?;
        if there && closed_at(&text).is_none() {
            tracing::info!(state = %self.file.display(), "the last run did not close the state; it is whole");
        }
        self.mark_open(&mut file)?;
        Ok(Opened { path: self.file.clone(), database: Some(Arc::new(database)), marker: file })
    }

    /// Promises nothing any more about what the file holds, and says who has it.
    pub(super) fn mark_open(&self, marker: &mut File) -> Result<(), StoreError> {
        let marked =
            mark(marker, &format!("{OPEN}{}", std::process::id())).and_then(|()| sync_dir(&self.dir));
        marked.map_err(|error| self.refuse(&self.marker, &error.to_string()))
    }

    /// Returns the refusal of a state whose file is gone.
    pub(super) fn missing(&self) -> StoreError {
        let why = format!(
            "it is missing, although there was a state here. Restore it from a backup, or remove {} to begin \
             without pending versions, receipts and tasks",
            self.marker.display()
        );
        self.refuse(&self.file, &why)
    }

    pub(super) fn make_dir(&self) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)
    }

    /// Makes the marker if there is none, and locks it.
    pub(super) fn take(&self) -> Result<Marker, StoreError> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&self.marker);
        self.lock(file.map_err(|error| self.refuse(&self.marker, &io_reason(&error)))?)
    }

    /// Locks the marker, which says what it says until it is let go.
    pub(super) fn lock(&self, mut file: File) -> Result<Marker, StoreError> {
        let locked = file.try_lock();
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|error| self.refuse(&self.marker, &error.to_string()))?;
        match locked {
            Ok(()) => Ok(Marker { file, text }),
            Err(TryLockError::WouldBlock) => {
                let by = text.lines().find_map(|line| line.trim_end().strip_prefix(OPEN)?.parse().ok());
                Err(StoreError::InUse { dir: self.dir.display().to_string(), by })
            }
            Err(TryLockError::Error(error)) => Err(self.refuse(&self.marker, &error.to_string())),
        }
    }

    fn create(&self) -> Result<(), redb::Error> {
        fs::rename(self.prepare(&[])?, &self.file)?;
        Ok(sync_dir(&self.dir)?)
    }

    /// Makes a new file of these changes, which does not have the name yet under which it is looked for.
    pub(super) fn prepare(&self, changes: &[Change]) -> Result<PathBuf, redb::Error> {
        let fresh = self.file.with_extension("redb.new");
        if let Err(error) = fs::remove_file(&fresh)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error.into());
        }
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        let database = Builder::new().set_cache_size(CACHE_BYTES).create(&fresh)?;
        let transaction = database.begin_write()?;
        for table in Table::ALL {
            transaction.open_table(definition(table))?;
        }
        {
            let mut about = transaction.open_table(ABOUT)?;
            about.insert(FORMAT, CURRENT_FORMAT)?;
            about.insert(COMMITS, 0)?;
        }
        transaction.commit()?;
        if !changes.is_empty() {
            apply(&database, changes.iter())?;
        }
        Ok(fresh)
    }

    /// Opens the file after everything in it was found to be right.
    fn check(&self, closed_at: Option<u64>) -> Result<Database, StoreError> {
        let size = self.size()?;
        self.careful(|| {
            if size <= CHECKED_ON_A_COPY {
                self.copy(closed_at)?;
            }
            let database = whole(|builder| builder.open(&self.file))?;
            inspect(&database, closed_at)?;
            Ok(database)
        })
    }

    /// Returns the file's size, which is not 0.
    pub(super) fn size(&self) -> Result<u64, StoreError> {
        let found = fs::metadata(&self.file).map_err(|error| self.refuse(&self.file, &io_reason(&error)))?;
        if found.len() == 0 {
            return Err(self.refuse(&self.file, &format!("it is empty. {ADVICE}")));
        }
        Ok(found.len())
    }

    /// Returns a copy of the file in memory, after everything in it was found to be right.
    pub(super) fn copy(&self, closed_at: Option<u64>) -> Result<Database, String> {
        let bytes = fs::read(&self.file).map_err(|error| error.to_string())?;
        let copy = InMemoryBackend::new();
        let filled = copy.set_len(bytes.len() as u64).and_then(|()| copy.write(0, &bytes));
        filled.map_err(|error| error.to_string())?;
        let database = whole(|builder| builder.create_with_backend(copy))?;
        inspect(&database, closed_at)?;
        Ok(database)
    }

    /// Looks into the file; it may be damaged so that the engine panics.
    pub(super) fn careful<T>(&self, look: impl FnOnce() -> Result<T, String>) -> Result<T, StoreError> {
        catch_unwind(AssertUnwindSafe(look))
            .unwrap_or_else(|_| Err("it is damaged".to_owned()))
            .map_err(|why| self.refuse(&self.file, &format!("{why}. {ADVICE}")))
    }

    pub(super) fn refuse(&self, path: &Path, why: &str) -> StoreError {
        StoreError::Unusable { path: path.display().to_string(), why: why.to_owned() }
    }
}

impl Opened {
    /// Returns the database, unless it is closed.
    pub(super) fn database(&self) -> Option<Arc<Database>> {
        self.database.clone()
    }

    pub(super) fn unusable(&self, why: &str) -> StoreError {
        StoreError::Unusable { path: self.path.display().to_string(), why: why.to_owned() }
    }

    /// Closes the file, and notes in the marker what it must hold when it is opened again.
    pub(super) fn close(&mut self, intact: Intact) {
        let Some(database) = self.database.take() else { return };
        let commits = about(&database, COMMITS).ok().flatten();
        drop(database);
        if let (Intact::Yes, Some(commits)) = (intact, commits)
            && let Err(error) = mark(&mut self.marker, &closed_with(commits))
        {
            tracing::warn!(%error, "the state's marker could not be written");
        }
        if let Err(error) = self.marker.unlock() {
            tracing::warn!(%error, "the state stays locked until the process ends");
        }
    }
}

/// Writes the marker anew.
pub(super) fn mark(marker: &mut File, state: &str) -> io::Result<()> {
    // Never shorter than what it overwrites: a marker that is cut off in between would say "never used".
    write(marker, &format!("{MARKER}\nformat {CURRENT_FORMAT}\n{state:<40}\n"))
}

/// Makes this the text of the marker.
pub(super) fn write(marker: &mut File, text: &str) -> io::Result<()> {
    marker.rewind()?;
    marker.write_all(text.as_bytes())?;
    marker.set_len(text.len() as u64)?;
    marker.sync_all()
}

/// Opens with a check of every page.
fn whole(open: impl FnOnce(&Builder) -> Result<Database, redb::DatabaseError>) -> Result<Database, String> {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
    open(&builder).map_err(|error| match error {
        redb::DatabaseError::Storage(redb::StorageError::Io(error))
            if error.kind() == io::ErrorKind::InvalidData =>
        {
            "it is no state file of ssectld".to_owned()
        }
        error => format!("it cannot be opened: {error}"),
    })
}

/// Finds whatever is wrong with the contents.
fn inspect(database: &Database, closed_at: Option<u64>) -> Result<(), String> {
    match about(database, FORMAT).map_err(|error| format!("it is no state file of ssectld: {error}"))? {
        Some(CURRENT_FORMAT) => {}
        Some(newer) if newer > CURRENT_FORMAT => {
            return Err(format!(
                "it has format {newer}, of a newer ssectld; this one knows {CURRENT_FORMAT}"
            ));
        }
        _ => return Err("it does not say which format it has".to_owned()),
    }
    for table in Table::ALL {
        read(database, table)?;
    }
    let commits = about(database, COMMITS).map_err(|error| error.to_string())?;
    match (closed_at, commits) {
        (_, None) => Err("it does not say how many commits it holds".to_owned()),
        (Some(expected), Some(found)) if expected != found => Err(format!(
            "it holds {found} commits, but was closed with {expected}: it is damaged or another one"
        )),
        _ => Ok(()),
    }
}

pub(super) fn about(database: &Database, fact: &str) -> Result<Option<u64>, redb::Error> {
    let transaction = database.begin_read()?;
    let facts = transaction.open_table(ABOUT)?;
    Ok(facts.get(fact)?.map(|value| value.value()))
}

/// Returns how many commits the marker promises, if the store was closed in order.
pub(super) fn closed_at(marker: &str) -> Option<u64> {
    marker.lines().find_map(|line| line.trim_end().strip_prefix(CLOSED))?.parse().ok()
}

/// Returns what the marker says of a state that is closed.
pub(super) fn closed_with(commits: u64) -> String {
    format!("{CLOSED}{commits}")
}

/// Makes new names in a directory survive a power failure.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

pub(super) fn io_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => format!(
            "{error}. Run ssectld as the user that owns it, or give it another directory: --set state.dir=…"
        ),
        _ => error.to_string(),
    }
}
