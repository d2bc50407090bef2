//! A daemon with a planted bug: ours, over a store that lies. It runs in a process of its own, which is this program
//! again, and is killed like the real one.

use std::{
    env,
    os::unix::net::UnixDatagram,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::BoxFuture;
use ssectl_core::{
    app::{App, Parts},
    config::{self, Sources},
    store::{Batch, Change, RedbStore, Store, StoreError, Table},
};
use tokio::{process::Command, signal::unix::SignalKind};

/// How the store lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// It says that something is stored before it is.
    TooEarly,
    /// It does not store receipts.
    NoReceipts,
    /// It does not store how tasks end.
    NoEnds,
}

const LIE: &str = "SSECTL_TEST_LIE";
const SETTINGS: &str = "SSECTL_TEST_SETTINGS";

/// Returns the command line of a liar that is called like this daemon.
pub fn instead(real: &Command, lie: Lie) -> Command {
    let mut command = Command::new(env::current_exe().expect("this program has a path"));
    command.args(["--exact", "torture::liar::lies", "--ignored", "--nocapture"]).env_clear();
    let arguments: Vec<_> = real.as_std().get_args().map(|word| word.to_string_lossy()).collect();
    let settings: Vec<_> =
        arguments.chunks(2).filter(|pair| pair[0] == "--set").map(|pair| &*pair[1]).collect();
    command.env(LIE, format!("{lie:?}")).env(SETTINGS, settings.join("\n")).kill_on_drop(true);
    command
}

#[tokio::test]
#[ignore = "it is no test, but the daemon of others"]
async fn lies() {
    let Ok(lie) = env::var(LIE) else { return };
    let lies = [Lie::TooEarly, Lie::NoReceipts, Lie::NoEnds];
    let lie = lies.into_iter().find(|known| format!("{known:?}") == lie).expect("a lie that is known");
    let set = env::var(SETTINGS).expect("settings").lines().map(str::to_owned).collect();
    let config = config::load(&Sources { set, ..Sources::default() }).expect("settings").config;
    let mut terminate = tokio::signal::unix::signal(SignalKind::terminate()).expect("signals can be caught");
    let kept = Arc::new(RedbStore::open(&config.state.dir).expect("a state"));
    let store = Arc::new(Liar { kept, lie, late: Mutex::default() });
    let running =
        App::start(config, Parts { store: Some(store), ..Parts::default() }).await.expect("it starts");
    if let Ok(notify) = env::var("NOTIFY_SOCKET") {
        let socket = UnixDatagram::unbound().expect("a socket");
        socket.send_to(b"READY=1\n", notify).expect("who started it listens");
    }
    terminate.recv().await;
    running.shutdown();
    running.ended().await;
}

struct Liar {
    kept: Arc<RedbStore>,
    lie: Lie,
    /// Commits that are on their way, in order.
    late: Mutex<Vec<tokio::task::JoinHandle<()>>>,
}

impl Liar {
    fn is_stored(&self, change: &Change) -> bool {
        let put = if let Change::Put(table, _, bytes) = change { Some((*table, bytes)) } else { None };
        match (self.lie, put) {
            (Lie::NoReceipts, Some((Table::Receipts, _))) => false,
            (Lie::NoEnds, Some((Table::Tasks, bytes))) => {
                !String::from_utf8_lossy(bytes).contains(r#""status":"completed""#)
            }
            _ => true,
        }
    }
}

impl Store for Liar {
    fn load(&self, table: Table) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.kept.load(table)
    }

    fn commit(&self, mut batch: Batch) -> BoxFuture<'_, Result<(), StoreError>> {
        batch.retain(|change| self.is_stored(change));
        if self.lie != Lie::TooEarly {
            return self.kept.commit(batch);
        }
        let kept = Arc::clone(&self.kept);
        let mut late = self.late.lock().expect("no test panics with the lock");
        let before = late.pop();
        late.push(tokio::spawn(async move {
            if let Some(before) = before {
                before.await.expect("what is late comes");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            kept.commit(batch).await.expect("it is stored in the end");
        }));
        Box::pin(std::future::ready(Ok(())))
    }

    fn durable(&self) -> bool {
        true
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let last = self.late.lock().expect("no test panics with the lock").pop();
            if let Some(last) = last {
                last.await.expect("what is late comes");
            }
            self.kept.close().await;
        })
    }
}
