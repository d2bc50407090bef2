//! Receipts by idempotency key, shared: an order that is repeated at another member gets the first receipt.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::stream::Config;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::{Mutex, mpsc};

use super::{
    hex,
    link::Link,
    reader::{self, Hear, Read, Standing},
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
}

/// Shares receipts, and hears those of others, until nothing is served any more.
pub(super) fn begin(services: &Services, bucket: Arc<Bucket>) {
    services.receipts.share(bucket.clone());
    let (end, reader) = (services.lifecycle.closed(), Arc::clone(&bucket));
    services.lifecycle.spawn(async move {
        reader::read(Arc::clone(&reader.link), Bucket::config(&reader.link), &*reader, end).await;
    });
    let end = services.lifecycle.closed();
    services.lifecycle.spawn(async move { end.run_until_cancelled(bucket.share()).await });
}

impl Bucket {
    pub(super) fn new(link: Arc<Link>, receipts: Arc<Receipts>) -> Self {
        let (sender, waiting) = mpsc::channel(WAITING);
        Self { link, receipts, sender, waiting: Mutex::new(waiting) }
    }

    /// Returns what the bucket is like.
    fn config(link: &Link) -> Config {
        Config { max_age: KEPT, ..link.bucket(BUCKET) }
    }

    async fn share(&self) {
        let mut waiting = self.waiting.lock().await;
        while let Some(shared) = waiting.recv().await {
            let Ok(value) = serde_json::to_vec(&shared).map(Bytes::from) else { continue };
            let subject = self.link.key(BUCKET, &hex(&shared.name));
            while let Err(error) = self.put(&subject, value.clone()).await {
                tracing::debug!(%error, "a receipt is not shared yet");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn put(&self, subject: &str, value: Bytes) -> Result<(), async_nats::Error> {
        self.link.up().await;
        self.link.jetstream.publish(subject.to_owned(), value).await?.await?;
        Ok(())
    }
}

impl SharedReceipts for Bucket {
    fn kept(&self, record_key: &str, record: Vec<u8>) {
        let record = String::from_utf8(record).ok().and_then(|text| RawValue::from_string(text).ok());
        let Some(record) = record else { return };
        let shared = Shared { name: record_key.to_owned(), record };
        if self.sender.try_send(shared).is_err() {
            tracing::warn!("a receipt is not shared: too many wait for the cluster's NATS servers");
        }
    }
}

impl Hear for Bucket {
    async fn begin(&self, standing: Standing, next: Option<u64>) -> u64 {
        next.filter(|next| (standing.first..=standing.last + 1).contains(next)).unwrap_or(standing.first)
    }

    async fn hear(&self, read: Read) {
        let heard = serde_json::from_slice::<Shared>(&read.message.payload);
        let Ok(Shared { name, record }) = heard else { return };
        if let Err(error) = self.receipts.hear(&name, record.get().as_bytes().to_vec()).await {
            tracing::debug!(%error, "a receipt of the cluster is not kept here");
        }
    }
}
