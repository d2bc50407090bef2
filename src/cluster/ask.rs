//! Members ask each other what the control API answers. A question is one message; the answer comes in pieces, each of
//! which is acknowledged: who sends waits for who reads, and stops where nobody does. Of an order it is asked first
//! whether somebody still waits for it, so that one that was given up is never carried out late.

use std::{sync::Arc, time::Duration};

use async_nats::{Client, HeaderMap, Message, Request, StatusCode as NatsStatus, Subject, Subscriber};
use bytes::Bytes;
use futures_util::{
    FutureExt, StreamExt,
    stream::{self, BoxStream},
};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout, timeout_at},
};

use super::link::Link;
use crate::{
    access::Passed,
    control::{
        operations::{self, Method, Shape},
        server::Asked,
    },
    fleet::{Answer, Question, Unanswered},
    lifecycle::Lifecycle,
};

/// The largest piece of an answer: a quarter of what NATS takes unless it was told otherwise.
const PIECE: usize = 256 * 1024;
/// What a message has besides its content.
const MARGIN: usize = 16 * 1024;
/// How long a piece may wait to be read.
const UNREAD: Duration = Duration::from_secs(10);
/// A followed stream that says nothing for so long has broken off.
const SILENCE: Duration = Duration::from_secs(60);
/// Questions that are answered at once, those that are followed for long, and orders: however many there are of one kind,
/// they keep nobody from the others.
const QUESTIONS: usize = 192;
const FOLLOWED: usize = 192;
const ORDERS: usize = 64;
/// Headers: the question was taken; the status and the type of the answer; nothing comes after this piece.
const TAKEN: &str = "Ssectl-Taken";
const STATUS: &str = "Ssectl-Status";
const FORM: &str = "Ssectl-Form";
const END: &str = "Ssectl-End";

/// What comes before a question's body, on a line of its own. Fields are only added.
#[derive(Serialize, Deserialize)]
struct Head {
    method: String,
    target: String,
    caller: Passed,
}

fn subject(link: &Link, member: &str) -> String {
    link.subject(&format!("ask.{member}"))
}

/// Asks a member.
pub(super) async fn ask(link: &Link, member: &str, question: Question) -> Result<Answer, Unanswered> {
    let cut_off = |why: &dyn std::fmt::Display| Unanswered::CutOff(why.to_string());
    if !link.is_reached() {
        return Err(cut_off(&"the cluster's NATS servers cannot be reached"));
    }
    let Question { method, target, body, caller, patience, limit } = question;
    let asked = Instant::now();
    let mut message = serde_json::to_vec(&Head { method, target, caller })
        .map_err(|error| Unanswered::Broken(error.to_string()))?;
    message.push(b'\n');
    message.extend_from_slice(&body);
    if message.len() > link.client.max_payload().saturating_sub(MARGIN) {
        return Err(Unanswered::TooLarge(message.len()));
    }
    let inbox = link.client.new_inbox();
    let mut answers = link.client.subscribe(inbox.clone()).await.map_err(|error| cut_off(&error))?;
    let sent = link.client.publish_with_reply(subject(link, member), inbox, message.into()).await;
    sent.map_err(|error| cut_off(&error))?;
    let mut taken = false;
    loop {
        let until = if taken { limit } else { patience };
        let message = match timeout_at(asked + until, answers.next()).await {
            Ok(Some(message)) => message,
            Ok(None) => return Err(Unanswered::Broken("the connection to NATS was lost".to_owned())),
            Err(_) if taken => return Err(Unanswered::Late(limit)),
            Err(_) => return Err(Unanswered::Silent(patience)),
        };
        if message.status == Some(NatsStatus::NO_RESPONDERS) {
            return Err(Unanswered::Gone);
        }
        if header(&message, TAKEN).is_some() {
            taken = true;
            acknowledge(&link.client, &message).await;
            continue;
        }
        let status = header(&message, STATUS).and_then(|status| status.parse().ok());
        let Some(status) = status else { return Err(Unanswered::Broken("it has no status".to_owned())) };
        let form = header(&message, FORM).unwrap_or_default().to_owned();
        let body = pieces(link.client.clone(), answers, message);
        return Ok(Answer { status, form, body });
    }
}

fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message.headers.as_ref()?.get(name).map(|value| value.as_str())
}

async fn acknowledge(client: &Client, message: &Message) {
    if let Some(reply) = &message.reply {
        let _ = client.publish(reply.clone(), Bytes::new()).await;
    }
}

/// Returns the content, of which the first piece is there.
fn pieces(
    client: Client,
    answers: Subscriber,
    first: Message,
) -> BoxStream<'static, Result<Bytes, Unanswered>> {
    let reading = Some((client, answers, Some(first)));
    let read = async |reading: Option<(Client, Subscriber, Option<Message>)>| {
        let (client, mut answers, next) = reading?;
        let message = match next {
            Some(first) => first,
            None => match timeout(SILENCE, answers.next()).await {
                Ok(Some(message)) => message,
                Ok(None) => {
                    return Some((Err(Unanswered::Broken("the connection was lost".to_owned())), None));
                }
                Err(_) => return Some((Err(Unanswered::Late(SILENCE)), None)),
            },
        };
        acknowledge(&client, &message).await;
        let over = header(&message, END).is_some();
        Some((Ok(message.payload), (!over).then_some((client, answers, None))))
    };
    stream::unfold(reading, read).boxed()
}

/// How many more questions are answered.
struct Places {
    looks: Arc<Semaphore>,
    follows: Arc<Semaphore>,
    orders: Arc<Semaphore>,
}

impl Places {
    fn new() -> Self {
        let [looks, follows, orders] =
            [QUESTIONS, FOLLOWED, ORDERS].map(|count| Arc::new(Semaphore::new(count)));
        Self { looks, follows, orders }
    }

    /// Returns a place for a question, if there is one.
    fn take(&self, head: &Head) -> Option<OwnedSemaphorePermit> {
        let path = head.target.split('?').next().unwrap_or_default();
        let operation = operations::at(Method::Get, path);
        let places = match operation.map(|operation| operation.answer.shape) {
            _ if head.method != Method::Get.name() => &self.orders,
            Some(Shape::Lines) => &self.follows,
            _ => &self.looks,
        };
        Arc::clone(places).try_acquire_owned().ok()
    }
}

/// Answers questions until it is dropped.
pub(super) async fn answer(link: &Arc<Link>, me: &str, asked: &Asked, lifecycle: &Lifecycle) {
    let places = Places::new();
    // Of two daemons of one name each question is for one.
    let Ok(mut questions) = link.client.queue_subscribe(subject(link, me), me.to_owned()).await else {
        return;
    };
    while let Some(message) = questions.next().await {
        let Some((head, body)) = read(&message.payload) else { continue };
        // Who is not answered asks again.
        let Some(place) = places.take(&head) else { continue };
        let (client, asked) = (link.client.clone(), asked.clone());
        lifecycle.spawn(async move {
            if let Some(inbox) = message.reply {
                answer_one(&Asker { client: &client, inbox }, &asked, head, body).await;
            }
            drop(place);
        });
    }
}

/// Takes a question apart.
fn read(question: &Bytes) -> Option<(Head, Bytes)> {
    let end = question.iter().position(|byte| *byte == b'\n')?;
    Some((serde_json::from_slice(&question[..end]).ok()?, question.slice(end + 1..)))
}

/// Answers one question. Nothing is left to be done where the asker is gone.
async fn answer_one(asker: &Asker<'_>, asked: &Asked, head: Head, body: Bytes) -> Option<()> {
    let Head { method, target, caller } = head;
    if method == "GET" {
        asker.tell(&[(TAKEN, "1")]).await?;
    } else {
        asker.send(&[(TAKEN, "1")], Bytes::new()).await?;
    }
    let answer = asked
        .answer(Question { method, target, body, caller, patience: UNREAD, limit: UNREAD })
        .await
        .ok()?;
    asker.pass_on(answer).await
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    pairs.iter().for_each(|(name, value)| headers.insert(*name, *value));
    headers
}

/// Who waits for an answer.
struct Asker<'a> {
    client: &'a Client,
    inbox: Subject,
}

impl Asker<'_> {
    /// Sends something that need not be read.
    async fn tell(&self, head: &[(&str, &str)]) -> Option<()> {
        self.client.publish_with_headers(self.inbox.clone(), headers(head), Bytes::new()).await.ok()
    }

    /// Sends something, and waits until it was read. None: nobody reads any more.
    async fn send(&self, head: &[(&str, &str)], piece: Bytes) -> Option<()> {
        let request = Request::new().headers(headers(head)).payload(piece).timeout(Some(UNREAD));
        self.client.send_request(self.inbox.clone(), request).await.ok().map(drop)
    }

    /// Sends an answer piece by piece, as it comes.
    async fn pass_on(&self, answer: Answer) -> Option<()> {
        let Answer { status, form, mut body } = answer;
        let status = status.to_string();
        let mut head: &[(&str, &str)] = &[(STATUS, &status), (FORM, &form)];
        let mut next = body.next().await;
        while let Some(piece) = next {
            let mut piece = piece.ok()?;
            while piece.len() > PIECE {
                self.send(head, piece.split_to(PIECE)).await?;
                head = &[];
            }
            // Whether that was all is known at once, or not yet.
            let following = body.next().now_or_never();
            if let Some(None) = following {
                return self.send(&[head, &[(END, "1")]].concat(), piece).await;
            }
            self.send(head, piece).await?;
            head = &[];
            next = match following {
                Some(following) => following,
                None => body.next().await,
            };
        }
        self.send(&[head, &[(END, "1")]].concat(), Bytes::new()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_head(head: &str) -> Head {
        let (head, body) = read(&Bytes::from(format!("{head}\n{{}}"))).expect("a question");
        assert_eq!(body, "{}");
        head
    }

    #[test]
    fn a_question_with_what_only_newer_members_know_is_read() {
        let caller = r#"{"actor":{"uid":1},"role":"reader","user":"u","pid":1,"via":"a","colour":"red"}"#;
        let head = read_head(&format!(
            r#"{{"method":"GET","target":"/v1/status","caller":{caller},"colour":"red"}}"#
        ));
        assert_eq!((head.method.as_str(), head.target.as_str()), ("GET", "/v1/status"));
        assert_eq!((head.caller.user.as_deref(), head.caller.via.as_str()), (Some("u"), "a"));
    }

    #[test]
    fn questions_of_one_kind_keep_nobody_from_another() {
        let head = |method: &str, target: &str| {
            read_head(&format!(
                r#"{{"method":"{method}","target":"{target}","caller":{{"actor":{{"uid":1}},"via":"a"}}}}"#
            ))
        };
        let heads = [
            (head("GET", "/v1/connections?limit=1"), QUESTIONS),
            (head("GET", "/v1/connections/events?x"), FOLLOWED),
            (head("POST", "/v1/versions"), ORDERS),
        ];
        let places = Places::new();
        let taken = heads.iter().flat_map(|(head, count)| (0..*count).map(|_| places.take(head)));
        let taken: Vec<_> = taken.collect();
        assert!(
            taken.iter().all(Option::is_some) && heads.iter().all(|(head, _)| places.take(head).is_none())
        );
    }

    #[test]
    fn a_question_without_what_may_be_left_out_is_read() {
        let head = read_head(r#"{"method":"GET","target":"/","caller":{"actor":{"uid":1},"via":"a"}}"#);
        let Passed { role, user, pid, .. } = head.caller;
        assert_eq!((role, user, pid), (None, None, None));
    }
}
