//! A request id that connects anywhere replaces its older connection everywhere: members tell each other who came.
//!
//! That is told once, over NATS without JetStream: what gets lost leaves an old stream that its own end or heartbeat
//! finds.

use std::{sync::Arc, time::Duration};

use async_nats::Subscriber;
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::link::Link;
use crate::{
    connection::{CloseReason, Connection},
    registry::{ConnectionObserver, ObserverError},
    request_id::RequestId,
    services::Services,
};

/// The subject.
const SUBJECT: &str = "arrived";
/// Arrivals that may wait to be told.
const WAITING: usize = 65_536;
/// Those that are told together: well below what a message of NATS may hold.
const TOGETHER: usize = 500;
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(200);

/// Who came, and when.
#[derive(Debug, Serialize, Deserialize)]
struct Arrived {
    request_id: RequestId,
    at: Timestamp,
}

/// What one member tells of who came.
#[derive(Debug, Serialize, Deserialize)]
struct News {
    member: String,
    arrived: Vec<Arrived>,
}

/// Tells the others who comes, and hears it of them, until nothing is served any more.
pub(super) fn begin(services: &Arc<Services>, link: &Arc<Link>, member: &str) {
    let (sender, waiting) = mpsc::channel(WAITING);
    services.registry.observe_too(Arc::new(Arrivals(sender)));
    let (end, teller, me) = (services.lifecycle.closed(), Arc::clone(link), member.to_owned());
    services.lifecycle.spawn(async move { end.run_until_cancelled(tell(waiting, &teller, &me)).await });
    let (end, link, me) = (services.lifecycle.closed(), Arc::clone(link), member.to_owned());
    let inner = Arc::clone(services);
    services.lifecycle.spawn(async move { end.run_until_cancelled(hear(&link, &me, &inner)).await });
}

/// Notes who comes.
struct Arrivals(mpsc::Sender<Arrived>);

async fn tell(mut waiting: mpsc::Receiver<Arrived>, link: &Link, member: &str) {
    let mut arrived = Vec::new();
    while waiting.recv_many(&mut arrived, TOGETHER).await > 0 {
        link.reached().await;
        let news = News { member: member.to_owned(), arrived: std::mem::take(&mut arrived) };
        let Ok(news) = serde_json::to_vec(&news) else { continue };
        if let Err(error) = link.client.publish(link.subject(SUBJECT), news.into()).await {
            tracing::debug!(%error, "the other members are not told who came");
        }
    }
}

impl ConnectionObserver for Arrivals {
    fn name(&self) -> &'static str {
        "cluster"
    }

    fn connected<'a>(&'a self, connection: &'a Arc<Connection>) -> BoxFuture<'a, Result<(), ObserverError>> {
        let arrived = Arrived { request_id: connection.request_id.clone(), at: connection.connected_at };
        // An error says that too many wait: NATS is away.
        let noted = self.0.try_send(arrived);
        async move { noted.map_err(|_| "too many arrivals wait to be told to the other members".into()) }
            .boxed()
    }
}

async fn hear(link: &Link, member: &str, services: &Services) {
    loop {
        if let Ok(mut news) = link.client.subscribe(link.subject(SUBJECT)).await {
            listen(&mut news, member, services).await;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen(news: &mut Subscriber, member: &str, services: &Services) {
    while let Some(message) = news.next().await {
        let Ok(news) = serde_json::from_slice::<News>(&message.payload) else { continue };
        if news.member == member {
            continue;
        }
        for Arrived { request_id, at } in news.arrived {
            replace(services, &request_id, (at, &news.member), member).await;
        }
    }
}

/// Ends the connection of a request id that came to another member since. All members find the same one the newer.
async fn replace(services: &Services, id: &RequestId, newer: (Timestamp, &str), member: &str) {
    let is_older = |known: &Connection| (known.connected_at, member) < newer;
    let Some(old) = services.registry.replaced_elsewhere(id, is_older) else { return };
    services.delivery.close(old, CloseReason::Replaced).await;
}
