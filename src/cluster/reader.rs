//! Reads a stream from beginning to end and on, in order, each message once, whatever happens to consumers, servers
//! and connections in between.

use std::{sync::Arc, time::Duration};

use async_nats::{
    Message,
    jetstream::{
        consumer::{AckPolicy, DeliverPolicy, pull},
        stream::{self, RawMessageErrorKind, Stream},
    },
};
use futures_util::{StreamExt, future::join_all, stream::FuturesUnordered};
use jiff::Timestamp;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::link::Link;

/// A consumer that says nothing for two of these is given up.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How long one request for messages lasts.
const EXPIRES: Duration = Duration::from_secs(10);
/// When the servers forget a consumer that nobody asks.
const FORGOTTEN: Duration = Duration::from_secs(30);
/// Messages that are asked for at once.
const BATCH: usize = 500;
/// A consumer that delivers nothing for so long may have passed something over,
const QUIET: Duration = Duration::from_secs(2);
/// and so may one that does not deliver for so long what is known to be there.
const MISSED: Duration = Duration::from_millis(300);
/// Consumers that are asked for at once, at most,
const CONSUMERS: usize = 4;
/// and how long after the one before.
const ANOTHER: Duration = Duration::from_millis(300);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(200);

/// A stream as it is when it begins to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// When it was made, in milliseconds since 1970: another one is another stream.
    pub(super) epoch: u64,
    /// The first message that it has, or will have.
    pub(super) first: u64,
    /// The last one that it had.
    pub(super) last: u64,
}

impl Standing {
    /// Returns how a stream stood when this was asked.
    pub(super) fn of(info: &stream::Info) -> Self {
        let epoch = u64::try_from(info.created.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
        let last = info.state.last_sequence;
        // What servers say of a stream in which nothing is differs.
        let first = if info.state.messages == 0 { last + 1 } else { info.state.first_sequence };
        Self { epoch, first, last }
    }
}

/// One message of a stream.
pub(super) struct Read {
    pub(super) sequence: u64,
    /// When it got its place, by the servers' clock,
    pub(super) placed: Timestamp,
    /// and how long ago that was, by the clocks of both.
    pub(super) ago: Duration,
    /// How many come after it at the moment.
    pub(super) behind: u64,
    pub(super) message: Message,
}

impl Read {
    /// Returns the id that its publisher gave it.
    pub(super) fn id(&self) -> &str {
        let headers = self.message.headers.as_ref();
        headers.and_then(|headers| headers.get("Nats-Msg-Id")).map_or("", |id| id.as_str())
    }
}

/// Takes what is read.
pub(super) trait Hear: Send + Sync {
    /// Is told where a stream stands that is begun to be read, or to be read again from `next` on. Returns the message
    /// to begin with.
    fn begin(&self, standing: Standing, next: Option<u64>) -> impl Future<Output = u64> + Send;

    /// Takes one message.
    fn hear(&self, read: Read) -> impl Future<Output = ()> + Send;
}

/// The last message of a stream that is known to be there: its place was acknowledged, or asked for.
#[derive(Debug, Default)]
pub(super) struct Known(watch::Sender<u64>);

impl Known {
    /// A message is there.
    pub(super) fn is_there(&self, sequence: u64) {
        self.0.send_if_modified(|last| std::mem::replace(last, sequence.max(*last)) < sequence);
    }

    /// Nothing is there from a message on.
    fn ends_before(&self, next: u64) {
        self.0.send_if_modified(|last| std::mem::replace(last, (*last).min(next - 1)) >= next);
    }

    /// Waits until a consumer that has delivered nothing since may have passed a message over.
    async fn overdue(&self, next: u64) {
        let known = async {
            // The sender is this one's.
            let _ = self.0.subscribe().wait_for(|last| *last >= next).await;
            sleep(MISSED).await;
        };
        tokio::select! {
            () = known => {}
            () = sleep(QUIET) => {}
        }
    }
}

/// How far a stream was read.
#[derive(Clone, Copy, Debug)]
struct Place {
    epoch: u64,
    next: u64,
}

/// Reads a stream until it is cancelled. Of what is known to be there, nothing is waited for long.
pub(super) async fn read(
    link: Arc<Link>,
    config: stream::Config,
    ear: &impl Hear,
    known: &Known,
    end: CancellationToken,
) {
    let mut place = None;
    let reading = async {
        loop {
            link.reached().await;
            if let Err(error) = attempt(&link, &config, ear, known, &mut place).await {
                tracing::debug!(stream = config.name, %error, "reading begins again");
            }
            sleep(PAUSE).await;
        }
    };
    end.run_until_cancelled(reading).await;
}

async fn attempt(
    link: &Link,
    config: &stream::Config,
    ear: &impl Hear,
    known: &Known,
    place: &mut Option<Place>,
) -> Result<(), async_nats::Error> {
    let times = link.times_reached();
    let stream = link.stream(config).await?;
    let standing = Standing::of(stream.cached_info());
    let epoch = standing.epoch;
    let left_off = place.filter(|place| place.epoch == epoch).map(|place| place.next);
    let mut next = ear.begin(standing, left_off).await;
    *place = Some(Place { epoch, next });
    let mut messages = consume(&stream, next).await?;
    let anew = link.reached_anew(times);
    tokio::pin!(anew);
    let mut delivered = 0;
    loop {
        let message = tokio::select! {
            biased;
            // The servers took what they had sent for delivered.
            () = &mut anew => return Err("there is another connection".into()),
            message = messages.next() => message.ok_or("the consumer has ended")??,
            () = known.overdue(next) => {
                if earliest(&stream, next).await?.is_some() {
                    return Err("the consumer delivers nothing of what is there".into());
                }
                known.ends_before(next);
                continue;
            }
        };
        let info = message.info()?;
        delivered += 1;
        if info.consumer_sequence != delivered {
            return Err("messages were lost on their way".into());
        }
        let (sequence, behind) = (info.stream_sequence, info.pending);
        // Of what was there already, many may have given way. Consumers pass over what is new.
        let gap = sequence > next.max(standing.last);
        if gap && earliest(&stream, next).await?.is_some_and(|earliest| earliest < sequence) {
            return Err("the consumer has passed over messages".into());
        }
        let placed = Timestamp::from_nanosecond(info.published.unix_timestamp_nanos()).unwrap_or_default();
        let ago = Duration::try_from(Timestamp::now().duration_since(placed)).unwrap_or_default();
        let (message, _) = message.split();
        if sequence < next {
            continue;
        }
        ear.hear(Read { sequence, placed, ago, behind, message }).await;
        next = sequence + 1;
        *place = Some(Place { epoch, next });
    }
}

/// Has consumers made until one of them is there. A cluster of servers may give one to a server that has just gone.
async fn consume(stream: &Stream, next: u64) -> Result<pull::Stream, async_nats::Error> {
    let (mut asked, mut names) = (FuturesUnordered::new(), Vec::new());
    let made = loop {
        let name = uuid::Uuid::new_v4().simple().to_string();
        names.push(name.clone());
        asked.push(consumer(stream, name, next));
        tokio::select! {
            Some(made) = asked.next() => break made,
            () = sleep(ANOTHER), if asked.len() < CONSUMERS => {}
        }
    };
    names.retain(|name| made.as_ref().map_or(true, |(taken, _)| taken != name));
    // Nobody asks them, and one on a server that is gone would be in its way when it is back.
    let _ = timeout(ANOTHER, join_all(names.iter().map(|name| stream.delete_consumer(name)))).await;
    Ok(made?.1)
}

async fn consumer(
    stream: &Stream,
    name: String,
    next: u64,
) -> Result<(String, pull::Stream), async_nats::Error> {
    let consumer = stream
        .create_consumer(pull::Config {
            name: Some(name.clone()),
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: next },
            ack_policy: AckPolicy::None,
            inactive_threshold: FORGOTTEN,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        })
        .await?;
    let asked = consumer.stream().max_messages_per_batch(BATCH).heartbeat(HEARTBEAT).expires(EXPIRES);
    Ok((name, asked.messages().await?))
}

/// Asks the servers for the first message from a sequence on. A consumer for which one is stored while it looks may
/// pass that one over, and count as if there had been none: nats-server 2.9.10 does.
async fn earliest(stream: &Stream, next: u64) -> Result<Option<u64>, async_nats::Error> {
    match stream.raw_message_builder().sequence(next).next_by_subject(">").send().await {
        Ok(message) => Ok(Some(message.sequence)),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
