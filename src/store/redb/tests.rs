use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use redb::{StorageBackend, backends::InMemoryBackend};
use tempfile::TempDir;

use super::*;
use crate::store::Change;

fn put(key: &str, value: &str) -> Change {
    Change::Put(Table::Pending, key.to_owned(), value.as_bytes().to_vec())
}

fn record(key: &str, value: &str) -> (String, Vec<u8>) {
    (key.to_owned(), value.as_bytes().to_vec())
}

async fn state_with(records: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let store = RedbStore::open(dir.path()).expect("a new state");
    for (key, value) in records {
        store.commit(vec![put(key, value)]).await.expect("commits");
    }
    dir
}

/// Asserts that the directory is refused, naming this, and not changed.
fn refused(dir: &TempDir, saying: &str) {
    let file = dir.path().join("state.redb");
    let before = fs::read(&file).ok();
    let error = RedbStore::open(dir.path()).err().expect("refused").to_string();
    assert!(error.contains(saying) && error.contains("state."), "{error}");
    assert_eq!(fs::read(&file).ok(), before, "left as it is");
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_restart() {
    let dir = state_with(&[("a", "1"), ("b", "2")]).await;
    {
        let store = RedbStore::open(dir.path()).expect("opens");
        assert_eq!(store.load(Table::Pending).expect("loads"), [record("a", "1"), record("b", "2")]);
        let batch = vec![Change::Remove(Table::Pending, "a".into()), put("b", "3"), put("c", "4")];
        store.commit(batch).await.expect("commits");
        assert_eq!(store.load(Table::Tasks).expect("loads"), []);
    }
    let store = RedbStore::open(dir.path()).expect("opens");
    assert_eq!(store.load(Table::Pending).expect("loads"), [record("b", "3"), record("c", "4")]);
}

#[tokio::test]
async fn many_at_once_are_all_answered_and_all_there() {
    let dir = state_with(&[]).await;
    let count = 500;
    {
        let store = RedbStore::open(dir.path()).expect("opens");
        let commits = (0..count).map(|n| store.commit(vec![put(&format!("{n:04}"), "x")]));
        for outcome in futures_util::future::join_all(commits).await {
            outcome.expect("commits");
        }
    }
    let store = RedbStore::open(dir.path()).expect("opens");
    assert_eq!(store.load(Table::Pending).expect("loads").len(), count);
}

#[tokio::test]
async fn the_directory_and_files_are_private() {
    let parent = tempfile::tempdir().expect("a directory");
    let dir = parent.path().join("deep/state");
    let _store = RedbStore::open(&dir).expect("a new state");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&dir.join("state.redb")), 0o600);
    assert_eq!(mode(&dir.join("state.initialised")), 0o600);
}

#[tokio::test]
async fn a_second_daemon_is_refused() {
    let dir = state_with(&[]).await;
    let _first = RedbStore::open(dir.path()).expect("opens");
    let error = RedbStore::open(dir.path()).err().expect("refused");
    assert!(
        matches!(error, StoreError::InUse { by: Some(process), .. } if process == std::process::id()),
        "{error}"
    );
}

#[tokio::test]
async fn an_empty_missing_cut_or_foreign_file_is_refused() {
    let dir = state_with(&[("a", "1")]).await;
    let file = dir.path().join("state.redb");
    let good = fs::read(&file).expect("the file");

    fs::remove_file(&file).expect("removed");
    refused(&dir, "it is missing");
    for (bytes, why) in [
        (&b""[..], "it is empty"),
        (b"not a database, but long enough to be looked at", "state.redb"),
        (&good[..good.len() / 2], "state.redb"),
    ] {
        fs::write(&file, bytes).expect("written");
        refused(&dir, why);
        // The marker does not matter: an empty file is no new state.
        let marker = dir.path().join("state.initialised");
        let text = fs::read(&marker).expect("the marker");
        fs::remove_file(&marker).expect("removed");
        refused(&dir, why);
        fs::write(&marker, text).expect("written");
    }
    fs::write(&file, good).expect("restored");
    RedbStore::open(dir.path()).expect("opens again");
}

#[tokio::test]
async fn another_programs_redb_file_and_a_newer_one_are_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("state.redb");
    drop(Database::create(&file).expect("a database of somebody"));
    refused(&dir, "no state file of ssectld");
    let database = Database::create(&file).expect("opens");
    let transaction = database.begin_write().expect("begins");
    transaction.open_table(file::ABOUT).expect("a table").insert("format", 2).expect("inserted");
    transaction.commit().expect("commits");
    drop(database);
    refused(&dir, "newer ssectld");
}

#[tokio::test]
async fn an_older_copy_of_the_file_is_noticed() {
    let dir = state_with(&[("a", "1")]).await;
    let file = dir.path().join("state.redb");
    let older = fs::read(&file).expect("the file");
    RedbStore::open(dir.path()).expect("opens").commit(vec![put("a", "2")]).await.expect("commits");
    fs::write(&file, older).expect("written");
    refused(&dir, "it holds 1 commits, but was closed with 2");
}

/// Every byte matters: with one of its bits flipped the file is refused, or nothing of it is lost.
#[tokio::test]
async fn a_flipped_bit_is_refused_or_harmless() {
    let dir = state_with(&[("a", "one value that is long enough to be found"), ("b", "2")]).await;
    let file = dir.path().join("state.redb");
    let good = fs::read(&file).expect("the file");
    let files = StateFiles::at(dir.path());
    let marker = fs::read(dir.path().join("state.initialised")).expect("the marker");
    let expected = RedbStore::open(dir.path()).expect("opens").load(Table::Pending).expect("loads");
    let used: Vec<usize> = (0..good.len()).filter(|&at| good[at] != 0).collect();
    // All of the header, and a sample of the rest: several hundred opens are enough for one run.
    let mut random = fastrand::Rng::with_seed(7);
    let sample = used.iter().copied().filter(|&at| at < 320 || random.usize(..used.len()) < 200);
    let mut wrong = Vec::new();
    for at in sample {
        let mut flipped = good.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&file, &flipped).expect("written");
        fs::write(dir.path().join("state.initialised"), &marker).expect("written");
        match files.open() {
            Err(_) => assert_eq!(fs::read(&file).expect("the file"), flipped, "byte {at}: left as it is"),
            Ok(opened) => {
                if read(&opened.database().expect("open"), Table::Pending).expect("reads") != expected {
                    wrong.push(at);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}: bytes whose change went unnoticed");
}

/// A disk that stops taking writes.
#[derive(Debug)]
struct Disk {
    memory: InMemoryBackend,
    broken: Arc<AtomicBool>,
}

impl Disk {
    fn check(&self) -> Result<(), io::Error> {
        if self.broken.load(Ordering::SeqCst) { Err(io::Error::other("the disk broke")) } else { Ok(()) }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, io::Error> {
        self.memory.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.memory.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.check()?;
        self.memory.set_len(len)
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        self.check()?;
        self.memory.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.check()?;
        self.memory.write(offset, data)
    }
}

#[tokio::test]
async fn after_a_failed_commit_there_are_no_more_even_if_the_disk_recovers() {
    let broken = Arc::new(AtomicBool::new(false));
    let disk = Disk { memory: InMemoryBackend::new(), broken: Arc::clone(&broken) };
    let database = Database::builder().create_with_backend(disk).expect("a database");
    let mut writer = Writer::start(Arc::new(database)).expect("a thread");
    writer.commit(vec![put("a", "1")]).await.expect("commits");
    broken.store(true, Ordering::SeqCst);
    assert!(matches!(writer.commit(vec![put("b", "1")]).await, Err(StoreError::Failed(_))));
    broken.store(false, Ordering::SeqCst);
    assert!(matches!(writer.commit(vec![put("c", "1")]).await, Err(StoreError::Broken(_))));
    assert_eq!(writer.stop(), writer::Intact::No);
    assert!(matches!(writer.commit(vec![put("d", "1")]).await, Err(StoreError::Closed)));
}

#[tokio::test]
async fn a_closed_store_has_written_what_it_took_and_takes_no_more() {
    let dir = state_with(&[]).await;
    let store = RedbStore::open(dir.path()).expect("opens");
    let commit = store.commit(vec![put("a", "1")]);
    let (committed, ()) = tokio::join!(commit, store.close());
    committed.expect("it came before");
    store.close().await;
    assert!(matches!(store.commit(vec![put("b", "2")]).await, Err(StoreError::Closed)));
    assert!(matches!(store.load(Table::Pending), Err(StoreError::Closed)));
    let again = RedbStore::open(dir.path()).expect("another may have it");
    assert_eq!(again.load(Table::Pending).expect("loads"), [record("a", "1")]);
    drop(store);
    again.commit(vec![put("c", "3")]).await.expect("it is its own now");
}

#[test]
fn an_import_that_fails_leaves_the_marker_as_it_was() {
    let dir = tempfile::tempdir().expect("a directory");
    let marker = dir.path().join("state.initialised");
    drop(RedbStore::open(dir.path()).expect("a new state"));
    let before = fs::read(&marker).expect("it is there");
    // A directory has one name only, and no file can take it.
    fs::remove_file(dir.path().join("state.redb")).expect("removed");
    fs::create_dir(dir.path().join("state.redb")).expect("made");
    let contents = Contents { records: Vec::new(), commits: 0, closed: true };
    assert!(RedbStore::found(dir.path(), &contents, Existing::PutAside).is_err());
    assert_eq!(fs::read(&marker).expect("it is there"), before);
    assert!(dir.path().join("state.redb").is_dir());
}
