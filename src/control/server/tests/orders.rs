//! Orders that do not go as they should.

use super::{
    roles::{Roled, USERS},
    *,
};
use crate::{
    audit::Page,
    control::{
        server::failure::Rejected,
        types::{AuditEntry, AuditOutcome, StopReceipt},
    },
    idempotency::{Mutation, ReceiptError},
    order::{Order, Verb},
};

#[tokio::test]
async fn an_order_that_breaks_off_is_of_unknown_outcome_unless_it_was_done() {
    let daemon = Daemon::start().await;
    let order = || Order::new(Caller::token(), Verb::VERSION_QUEUE, &"1", None);
    let before = order().carry_out(daemon.services(), |_| async { broken() });
    let services = Arc::clone(daemon.services());
    let after = order().carry_out(daemon.services(), move |by| async move {
        let mutation = Mutation::new(by, "version.queue", Some("k".into()));
        let act = async || Ok::<_, ReceiptError>((1, Vec::new()));
        services.receipts.once(&mutation, &1, act).await.expect("committed");
        broken()
    });
    for outcome in [before.await.map(|_| ()), after.await.map(|_| ())] {
        let rejected = Rejected::from(outcome.expect_err("it broke off"));
        assert_eq!(rejected.0.code, ErrorCode::OutcomeUnknown, "{rejected}");
    }
    let entries = daemon.services().audit.page(&Page { since: None, before: None });
    let told: Vec<_> = entries.iter().map(|entry| entry.outcome).collect();
    assert_eq!(told, [AuditOutcome::Done, AuditOutcome::Unknown]);
}

fn broken() -> Result<StopReceipt, Rejected> {
    panic!("a defect")
}

#[tokio::test]
async fn orders_that_cannot_be_read_are_audited_and_of_strangers_none_is_read() {
    let daemon = Daemon::start().await;
    let open = "Host: a\r\nContent-Length: 10\r\n\r\n{\"version\"";
    let (status, failure) =
        daemon.raw(&format!("POST /v1/versions HTTP/1.1\r\nConnection: close\r\n{open}")).await;
    assert_eq!((status, failure.error.code), (400, ErrorCode::Invalid));
    let entry = newest(&daemon);
    let named = (&*entry.command, &*entry.target, entry.outcome);
    assert_eq!(named, ("version.queue", "(not read)", AuditOutcome::Refused));
    let reason = entry.reason.expect("a reason");
    assert!(reason.contains("not what this call takes"), "{reason}");

    let roled = Roled::start().await;
    let (_, stranger) = USERS[0];
    let never = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let (status, answer) = roled.send(stranger, "POST", "/v1/tasks/x/cancel", never).await;
    assert_eq!(status, 403, "{answer}");
    let entry = newest(&roled.daemon);
    assert_eq!((&*entry.command, &*entry.target, entry.uid), ("task.cancel", "x", Some(stranger)));
}

fn newest(daemon: &Daemon) -> AuditEntry {
    daemon.services().audit.page(&Page { since: None, before: None }).remove(0)
}
