//! Receipts by idempotency key, shared: an order that is repeated at another member gets the first receipt.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex as Lock, MutexGuard, PoisonError},
    time::Duration,
};

use async_nats::jetstream::{context::PublishErrorKind, message::PublishMessage, stream::Config};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::{Mutex, Notify, mpsc, watch};

use super::{
    hex,
    link::Link,
    reader::{self, Hear, Known, Read, Standing},
};
use crate::{
    idempotency::{Receipts, SharedReceipts},
    services::Services,
};

/// The bucket.
const BUCKET: &str = "receipts";
/// How long they are kept.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// Those that may wait to be shared.
const WAITING: usize = 10_000;
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

/// A receipt in the bucket.
#[derive(Debug, Serialize, Deserialize)]
struct Shared {
    name: String,
    record: Box<RawValue>,
}

/// The bucket as one member reads and writes it.
pub(super) struct Bucket {
    link: Arc<Link>,
    receipts: Arc<Receipts>,
    sender: mpsc::Sender<Shared>,
    waiting: Mutex<mpsc::Receiver<Shared>>,
    first: Lock<First>,
    /// Told when all that was there at first was read: who shares, and who waits to begin.
    settled: Notify,
    known: watch::Sender<bool>,
}

/// What was there when reading began.
#[derive(Default)]
struct First {
    target: u64,
    names: HashSet<String>,
    settled: bool,
}

/// Shares receipts, and hears those of others, until nothing is served any more.
pub(super) fn begin(services: &Services, bucket: &Arc<Bucket>) {
    services.receipts.share(bucket.clone());
    let (end, reader) = (services.lifecycle.closed(), Arc::clone(bucket));
    services.lifecycle.spawn(async move {
        let (link, config) = (Arc::clone(&reader.link), Bucket::config(&reader.link));
        reader::read(link, config, &*reader, &Known::default(), end).await;
    });
    let (end, bucket) = (services.lifecycle.closed(), Arc::clone(bucket));
    services.lifecycle.spawn(async move { end.run_until_cancelled(bucket.share()).await });
}

impl Bucket {
    pub(super) fn new(link: Arc<Link>, receipts: Arc<Receipts>) -> Self {
        let (sender, waiting) = mpsc::channel(WAITING);
        let (first, settled, known) = (Lock::default(), Notify::new(), watch::Sender::new(false));
        Self { link, receipts, sender, waiting: Mutex::new(waiting), first, settled, known }
    }

    /// Waits until all that was there at the start is known here.
    pub(super) async fn settle(&self) {
        // The sender is this one's.
        let _ = self.known.subscribe().wait_for(|known| *known).await;
    }

    fn all_is_known(&self) {
        self.settled.notify_one();
        self.known.send_replace(true);
    }

    /// Returns what the bucket is like.
    fn config(link: &Link) -> Config {
        Config { max_age: KEPT, ..link.bucket(BUCKET) }
    }

    fn first(&self) -> MutexGuard<'_, First> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn share(&self) {
        let mut waiting = self.waiting.lock().await;
        loop {
            tokio::select! {
                shared = waiting.recv() => match shared {
                    Some(shared) => self.insist(&shared).await,
                    None => return,
                },
                () = self.settled.notified() => self.restore(&mut waiting).await,
            }
        }
    }

    /// Shares what this daemon alone has: it was stopped before that was shared, or the servers have lost it. What is new
    /// goes first.
    async fn restore(&self, waiting: &mut mpsc::Receiver<Shared>) {
        let names = std::mem::take(&mut self.first().names);
        for (name, record) in self.receipts.but_for(&names) {
            while let Ok(shared) = waiting.try_recv() {
                self.insist(&shared).await;
            }
            if let Some(shared) = Shared::new(name, record) {
                self.insist(&shared).await;
            }
        }
    }

    async fn insist(&self, shared: &Shared) {
        let Ok(value) = serde_json::to_vec(shared).map(Bytes::from) else { return };
        let subject = self.link.key(BUCKET, &hex(&shared.name));
        while let Err(error) = self.put(&subject, value.clone()).await {
            tracing::debug!(%error, "a receipt is not shared yet");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Puts a receipt, unless there is one of its name: the first one holds.
    async fn put(&self, subject: &str, value: Bytes) -> Result<(), async_nats::Error> {
        self.link.up().await;
        let message = PublishMessage::build().payload(value).expected_last_subject_sequence(0);
        match self.link.jetstream.send_publish(subject.to_owned(), message).await?.await {
            Err(error) if error.kind() != PublishErrorKind::WrongLastSequence => Err(error.into()),
            Err(_) => Ok(()),
            Ok(_) => {
                self.link.acknowledged();
                Ok(())
            }
        }
    }
}

impl Shared {
    fn new(name: String, record: Vec<u8>) -> Option<Self> {
        let record = String::from_utf8(record).ok().and_then(|text| RawValue::from_string(text).ok())?;
        Some(Self { name, record })
    }
}

impl SharedReceipts for Bucket {
    fn kept(&self, record_key: &str, record: Vec<u8>) {
        let Some(shared) = Shared::new(record_key.to_owned(), record) else { return };
        if self.sender.try_send(shared).is_err() {
            tracing::warn!("a receipt is not shared: too many wait for the cluster's NATS servers");
        }
    }
}

impl Hear for Bucket {
    async fn begin(&self, standing: Standing, next: Option<u64>) -> u64 {
        if let Some(next) = next.filter(|next| (standing.first..=standing.last + 1).contains(next)) {
            return next;
        }
        let settled = standing.last < standing.first;
        *self.first() = First { target: standing.last, names: HashSet::new(), settled };
        if settled {
            self.all_is_known();
        }
        standing.first
    }

    async fn hear(&self, read: Read) {
        let heard = serde_json::from_slice::<Shared>(&read.message.payload);
        let settles = {
            let mut first = self.first();
            let settles = !first.settled && read.sequence >= first.target;
            if !first.settled {
                first.names.extend(heard.iter().map(|shared| shared.name.clone()));
            }
            first.settled |= settles;
            settles
        };
        if let Ok(Shared { name, record }) = heard
            && let Err(error) = self.receipts.hear(&name, record.get().as_bytes().to_vec()).await
        {
            tracing::debug!(%error, "a receipt of the cluster is not kept here");
        }
        if settles {
            self.all_is_known();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_newer_members_know_of_a_receipt_is_passed_over() {
        let shared = Shared::new("n".to_owned(), b"{\"x\":1}".to_vec()).expect("JSON");
        let text = serde_json::to_string(&shared).expect("JSON");
        assert_eq!(text, r#"{"name":"n","record":{"x":1}}"#);
        let newer = text.replacen('{', r#"{"colour":"red","#, 1);
        let Shared { name, record } = serde_json::from_str(&newer).expect("a receipt");
        assert_eq!((name.as_str(), record.get()), ("n", r#"{"x":1}"#));
    }
}
