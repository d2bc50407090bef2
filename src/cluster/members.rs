//! Who the members are: each tells of itself every few seconds, in a bucket of NATS that forgets those that do not.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_nats::{HeaderMap, jetstream::stream};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    ask,
    link::Link,
    log::Log,
    reader::{self, Hear, Read, Standing},
    record::{Own, Record},
};
use crate::{
    control::server::Asked,
    fleet::{Answer, Fleet, Link as Way, Member, MemberState, Question, Unanswered, ahead},
    lifecycle::Phase,
    services::Services,
};

/// How often a member tells of itself.
const BEAT: Duration = Duration::from_secs(3);
/// One that was not heard of for so long is silent.
const SILENT: SignedDuration = SignedDuration::from_secs(10);
/// One that was not heard of for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(15 * 60);
/// How long it is asked whether a name is taken.
const CLAIM: Duration = Duration::from_secs(1);
/// How often it is looked how NATS keeps the log, in beats.
const LOOK: u64 = 10;
/// What NATS calls the removal of a key.
const OPERATION: &str = "KV-Operation";

/// The members, as this one hears of them.
pub(super) struct Members {
    link: Arc<Link>,
    cluster: String,
    me: String,
    own: Own,
    known: Mutex<Known>,
    /// How many copies NATS keeps; 0: not known.
    replicas: AtomicUsize,
    /// The bucket is there.
    begun: Notify,
    heard: watch::Sender<Hearing>,
}

/// How much was heard of what others had told before reading began.
#[derive(Clone, Copy, Default)]
struct Hearing {
    target: u64,
    all: bool,
    /// When anybody was heard last, this member itself included.
    last: Option<Instant>,
    /// They can hear of this one.
    told: bool,
}

impl Hearing {
    /// Returns whether whoever is a member is known. Who hears not even itself does not hear of others either.
    fn is_current(&self) -> bool {
        self.all && self.last.is_some_and(|last| last.elapsed() < SILENT.unsigned_abs())
    }
}

#[derive(Default)]
struct Known {
    members: BTreeMap<String, Heard>,
    /// How far this member's clock is ahead of the servers', in milliseconds.
    skew_ms: i64,
    /// Who else has this member's name, and when that was heard.
    rival: Option<(String, Timestamp)>,
}

struct Heard {
    record: Record,
    /// By the servers' clock.
    placed: Timestamp,
}

impl Heard {
    fn skew_ms(&self) -> i64 {
        self.record.at.as_millisecond() - self.placed.as_millisecond()
    }
}

impl Members {
    pub(super) fn new(
        services: &Services,
        link: &Arc<Link>,
        log: &Arc<Log>,
        (me, instance): (&str, &str),
    ) -> Arc<Self> {
        Arc::new(Self {
            link: Arc::clone(link),
            cluster: services.config.cluster.name.clone(),
            me: me.to_owned(),
            own: Own::new(services, log, me, instance),
            known: Mutex::default(),
            replicas: AtomicUsize::new(0),
            begun: Notify::new(),
            heard: watch::Sender::new(Hearing::default()),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn config(&self) -> stream::Config {
        stream::Config { max_age: FORGOTTEN, ..self.link.bucket("members") }
    }

    /// Tells of itself until the end, then says that it is gone.
    async fn tell(&self, end: CancellationToken) {
        let (mut next, mut told_ready) = (Instant::now(), false);
        for beat in 0_u64.. {
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.begun.notified() => {}
                () = self.own.is_ready(), if !told_ready => told_ready = true,
                () = end.cancelled() => break,
            }
            let began = Instant::now();
            if self.link.is_reached() {
                end.run_until_cancelled(self.beat(beat)).await;
            }
            next = began + self.link.pace(BEAT);
        }
        if self.link.is_reached() {
            self.leave().await;
        }
    }

    async fn beat(&self, beat: u64) {
        let Ok(record) = serde_json::to_vec(&self.own.record()) else { return };
        match self.link.beat(self.key(), record.into()).await {
            Ok(()) => self.heard.send_modify(|heard| heard.told = true),
            Err(error) => tracing::debug!(%error, "the other members are not told of this one"),
        }
        if beat.is_multiple_of(LOOK) && self.link.is_up() {
            self.look().await;
        }
    }

    fn key(&self) -> String {
        self.link.key("members", &self.me)
    }

    async fn leave(&self) {
        let mut headers = HeaderMap::new();
        headers.insert(OPERATION, "DEL");
        if let Err(error) = self.link.client.publish_with_headers(self.key(), headers, Bytes::new()).await {
            tracing::debug!(%error, "the other members are not told that this one is gone");
        }
        // Without it the others say that it is silent, for a while.
        let _ = timeout(CLAIM, self.link.client.flush()).await;
    }

    /// Looks how many copies NATS keeps, and how far this member is behind: who does not read does not notice.
    async fn look(&self) {
        if let Ok(stream) = self.link.jetstream.get_stream(self.link.log().name).await {
            let info = stream.cached_info();
            self.replicas.store(info.config.num_replicas, Ordering::Relaxed);
            let read = self.own.record().log_sequence.unwrap_or_default();
            self.link.metrics.behind(info.state.last_sequence.saturating_sub(read));
        }
    }

    fn take(&self, name: &str, record: Record, placed: Timestamp) {
        let heard = Heard { record, placed };
        let mut known = self.known();
        if name != self.me {
            known.members.insert(name.to_owned(), heard);
        } else if heard.record.instance == self.own.instance {
            known.skew_ms = heard.skew_ms();
        } else if self.is_fresh(&heard, known.skew_ms) {
            let who = heard.record.whereabouts();
            if known.rival.as_ref().is_none_or(|(rival, _)| *rival != who) {
                tracing::error!(
                    member = name,
                    other = who,
                    "another daemon is the same member of this cluster"
                );
            }
            known.rival = Some((who, self.own.now()));
        }
    }

    fn is_fresh(&self, heard: &Heard, skew_ms: i64) -> bool {
        self.own.now().duration_since(heard_at(heard, skew_ms)) < SILENT
    }
}

/// Returns when somebody was heard, by this member's clock.
fn heard_at(heard: &Heard, skew_ms: i64) -> Timestamp {
    heard.placed.checked_add(SignedDuration::from_millis(skew_ms)).unwrap_or(heard.placed)
}

/// Returns who has a member's name already, if somebody answers to it.
pub(super) async fn rival(link: &Link, member: &str) -> Option<String> {
    timeout(CLAIM, link.reached()).await.ok()?;
    who(link, member, CLAIM).await.map(|record| record.whereabouts())
}

/// Asks who has a name.
async fn who(link: &Link, member: &str, patience: Duration) -> Option<Record> {
    if !link.is_reached() {
        return None;
    }
    let asked = link.client.request(link.subject(&format!("who.{member}")), Bytes::new());
    let answer = timeout(patience, asked).await.ok()?.ok()?;
    serde_json::from_slice(&answer.payload).ok()
}

/// Hears of the members, tells of this one, and answers them.
pub(super) fn begin(services: &Arc<Services>, members: &Arc<Members>) {
    let lifecycle = &services.lifecycle;
    let _ = services.fleet.set(Arc::clone(members) as _);
    let (ear, end) = (Arc::clone(members), lifecycle.closed());
    lifecycle.spawn(async move {
        reader::read(Arc::clone(&ear.link), ear.config(), &*ear, &reader::Known::default(), end).await;
    });
    let (telling, end) = (Arc::clone(members), lifecycle.closed());
    lifecycle.spawn(async move { telling.tell(end).await });
    let (answering, end) = (Arc::clone(members), lifecycle.closed());
    lifecycle.spawn(async move {
        end.run_until_cancelled(answer_who(&answering)).await;
    });
    let (link, end) = (Arc::clone(&members.link), lifecycle.closed());
    let (asked, tracked, me) = (Asked::new(services), lifecycle.clone(), members.me.clone());
    lifecycle.spawn(async move {
        let answering = async {
            tracked.reached(Phase::Ready).await;
            ask::answer(&link, &me, &asked, &tracked).await;
        };
        end.run_until_cancelled(answering).await;
    });
}

/// Tells who has this member's name.
async fn answer_who(members: &Members) {
    let subject = members.link.subject(&format!("who.{}", members.me));
    let Ok(mut asked) = members.link.client.subscribe(subject).await else { return };
    while let Some(message) = asked.next().await {
        let record = serde_json::to_vec(&members.own.record()).unwrap_or_default();
        if let (Some(reply), true) = (message.reply, members.own.lasts()) {
            let _ = members.link.client.publish(reply, record.into()).await;
        }
    }
}

impl Hear for Members {
    async fn begin(&self, standing: Standing, next: Option<u64>) -> u64 {
        self.begun.notify_one();
        let from = next.map_or(standing.first, |next| next.max(standing.first));
        self.heard.send_modify(|heard| {
            heard.target = standing.last;
            heard.all = standing.last < from;
        });
        from
    }

    async fn hear(&self, read: Read) {
        self.hear_one(&read);
        self.heard.send_modify(|heard| {
            heard.all |= read.sequence >= heard.target;
            heard.last = Some(Instant::now());
        });
    }
}

impl Members {
    /// Waits until all that was told at the start was heard, and the others can hear of this one.
    pub(super) async fn settle(&self) {
        // The sender is this one's.
        let _ = self.heard.subscribe().wait_for(|heard| heard.all && heard.told).await;
    }

    fn hear_one(&self, read: &Read) {
        let Some(name) = read.message.subject.rsplit('.').next() else { return };
        if read.message.headers.as_ref().is_some_and(|headers| headers.get(OPERATION).is_some()) {
            self.known().members.remove(name);
            return;
        }
        match serde_json::from_slice(&read.message.payload) {
            Ok(record) => self.take(name, record, read.placed),
            Err(error) => {
                tracing::debug!(member = name, %error, "what a member tells of itself is not understood");
            }
        }
    }
}

impl Fleet for Members {
    fn name(&self) -> &str {
        &self.cluster
    }

    fn me(&self) -> &str {
        &self.me
    }

    fn link(&self) -> Way {
        let version = self.link.client.server_info().version;
        let replicas = self.replicas.load(Ordering::Relaxed);
        Way {
            connected: self.link.is_within_reach(),
            refusal: self.link.refusal(),
            answers: self.link.answers(),
            heard: self.heard.borrow().is_current(),
            server: (!version.is_empty()).then_some(version),
            replicas: (replicas > 0).then_some(replicas),
        }
    }

    fn trouble(&self) -> Option<String> {
        let known = self.known();
        let (rival, at) = known.rival.as_ref()?;
        let fresh = self.own.now().duration_since(*at) < SILENT;
        fresh.then(|| format!("another daemon is the member {}, too: {rival}", self.me))
    }

    fn members(&self) -> Vec<Member> {
        let (known, now) = (self.known(), self.own.now());
        let forgotten = SignedDuration::try_from(FORGOTTEN).unwrap_or(SignedDuration::MAX);
        let seen = known.members.values().filter_map(|heard| {
            let at = heard_at(heard, known.skew_ms);
            let ago = now.duration_since(at);
            let state = if ago < SILENT { MemberState::Answering } else { MemberState::Silent };
            let offset = heard.skew_ms() - known.skew_ms;
            let member = Member { clock_offset_ms: Some(offset), ..heard.record.member(at, state) };
            (ago < forgotten).then_some(member)
        });
        let me = self.own.record().member(now, MemberState::Answering);
        let mut all: Vec<_> = seen.chain([Member { clock_offset_ms: Some(0), ..me }]).collect();
        all.sort_by(|one, two| one.name.cmp(&two.name));
        all
    }

    fn ping(&self, member: &str, patience: Duration) -> BoxFuture<'static, Option<Member>> {
        let (link, member, clock) = (Arc::clone(&self.link), member.to_owned(), self.own.clock());
        async move {
            let asked = clock.now();
            let record = who(&link, &member, patience).await?;
            let (at, answered) = (record.at, clock.now());
            let offset = ahead(at, (asked, answered));
            let now = record.member(answered, MemberState::Answering);
            Some(Member { clock_offset_ms: Some(offset), ..now })
        }
        .boxed()
    }

    fn ask(&self, member: &str, question: Question) -> BoxFuture<'static, Result<Answer, Unanswered>> {
        let (link, member) = (Arc::clone(&self.link), member.to_owned());
        async move { ask::ask(&link, &member, question).await }.boxed()
    }
}
