use proptest::prelude::*;

use super::*;
use crate::{
    event::{EventName, JsonLine},
    stream::testing::{Message, dechunk, messages},
};

fn frame(framing: Framing, sequence: u64, name: &str, data: &serde_json::Value, kind: Kind) -> Frame {
    let name: EventName = name.parse().expect("a name");
    let data = JsonLine::encode(data).expect("JSON");
    let id = format!("18f3c2d-{sequence}").parse().expect("an id");
    Frame::event(framing, Some(id), &Event { name, data, kind }, Instant::now())
}

fn text(frame: &Frame, transfer: Transfer) -> &str {
    std::str::from_utf8(frame.bytes(transfer)).expect("text")
}

#[test]
fn what_a_newcomer_is_told_has_no_place_in_the_order_and_a_place_is_no_event() {
    let event = Event {
        name: "test".parse().expect("a name"),
        data: JsonLine::encode(&1).expect("JSON"),
        kind: Kind::Application,
    };
    let known = Frame::event(Framing::Named, None, &event, Instant::now());
    assert_eq!(text(&known, Transfer::Plain), "event: test\ndata: 1\n\n");
    let place = Frame::place("18f3c2d-17".parse().expect("an id"));
    assert_eq!(text(&place, Transfer::Plain), "id: 18f3c2d-17\n\n");
    assert_eq!(messages(text(&place, Transfer::Plain).as_bytes()), []);
    let gap = Frame::gap(Gap::Expired);
    assert_eq!(text(&gap, Transfer::Plain), "event: gap\ndata: {\"reason\":\"expired\"}\n\n");
}

#[test]
fn emb_2_the_named_form_is_event_and_data() {
    let data = serde_json::json!({ "version": "1.4.0" });
    let frame = frame(Framing::Named, 17, "version", &data, Kind::Application);
    let block = "id: 18f3c2d-17\nevent: version\ndata: {\"version\":\"1.4.0\"}\n\n";
    assert_eq!(text(&frame, Transfer::Plain), block);
    assert_eq!(text(&frame, Transfer::Chunked), format!("{:x}\r\n{block}\r\n", block.len()));
}

#[test]
fn emb_2_the_envelope_form_names_the_event_within() {
    let data = serde_json::json!({ "version": "1.4.0" });
    let frame = frame(Framing::Envelope, 1, "version", &data, Kind::Application);
    let block = "id: 18f3c2d-1\ndata: {\"type\":\"version\",\"payload\":{\"version\":\"1.4.0\"}}\n\n";
    assert_eq!(text(&frame, Transfer::Plain), block);
}

#[test]
fn the_frame_of_a_tasks_end_holds_what_goes_with_it() {
    let kept = Arc::new(());
    let kind = Kind::TaskEnd(Held::new(Arc::clone(&kept)));
    let frame = frame(Framing::Named, 1, "task_event", &serde_json::json!({}), kind);
    assert_eq!(Arc::strong_count(&kept), 2, "until it is written");
    drop(frame);
    assert_eq!(Arc::strong_count(&kept), 1);
}

#[test]
fn emb_6_gw_45_the_heartbeat_is_a_comment() {
    assert_eq!(text(&Frame::heartbeat(), Transfer::Chunked), "d\r\n: heartbeat\n\n\r\n");
    assert_eq!(messages(Frame::heartbeat().bytes(Transfer::Plain)), []);
}

#[test]
fn gw_11_ready_has_data_so_that_browsers_dispatch_it() {
    assert_eq!(text(&Frame::ready(), Transfer::Plain), "event: ready\ndata:\n\n");
    assert_eq!(messages(Frame::ready().bytes(Transfer::Plain)).len(), 1);
}

#[test]
fn every_reason_has_a_farewell_that_ends_the_body() {
    for reason in CloseReason::ALL {
        let bye = Frame::bye(reason);
        let (body, ended) = dechunk(bye.bytes(Transfer::Chunked));
        assert!(ended);
        assert_eq!(body, bye.bytes(Transfer::Plain).as_ref());
        let [message] = messages(&body).try_into().expect("one message");
        let data: serde_json::Value = serde_json::from_str(&message.data).expect("JSON");
        assert_eq!((message.name.as_str(), &data), ("bye", &serde_json::json!({ "reason": reason.label() })));
    }
}

/// JSON with all that might break a frame in it.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let nasty = prop_oneof![
        20 => any::<String>(),
        20 => "(\r|\n|\r\n|\u{0}|\u{feff}|\u{2028}|data: |event: bye|id: |:|\u{1f600}|\\\\|\"|\u{85}){0,20}",
        1 => Just("x".repeat(30_000)),
    ];
    let leaf = prop_oneof![
        4 => nasty.clone().prop_map(serde_json::Value::from),
        1 => any::<i64>().prop_map(serde_json::Value::from),
        1 => Just(serde_json::Value::Null),
    ];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            proptest::collection::vec((nasty.clone(), inner), 0..4)
                .prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bug_g4_g5_frames_say_what_was_meant_and_nothing_else(
        events in proptest::collection::vec(("[A-Za-z0-9_.-]{1,64}", json()), 1..6),
        first in 1..u64::MAX - 10,
        envelope in any::<bool>(),
    ) {
        let framing = if envelope { Framing::Envelope } else { Framing::Named };
        let frames: Vec<_> = (first..).zip(&events)
            .map(|(sequence, (name, data))| frame(framing, sequence, name, data, Kind::Application))
            .collect();
        let wire: Vec<u8> = frames.iter().flat_map(|f| f.bytes(Transfer::Chunked).to_vec()).collect();
        let plain: Vec<u8> = frames.iter().flat_map(|f| f.bytes(Transfer::Plain).to_vec()).collect();
        let (body, ended) = dechunk(&wire);
        prop_assert!(!ended);
        prop_assert_eq!(&body, &plain);
        let heard: Vec<Message> = messages(&body);
        prop_assert_eq!(heard.len(), events.len());
        for (sequence, (message, (name, data))) in (first..).zip(heard.iter().zip(&events)) {
            prop_assert_eq!(&message.id, &format!("18f3c2d-{sequence}"));
            let read: serde_json::Value = serde_json::from_str(&message.data).expect("JSON");
            if envelope {
                prop_assert_eq!(&message.name, "message");
                prop_assert_eq!(&read, &serde_json::json!({ "type": name, "payload": data }));
            } else {
                prop_assert_eq!(&message.name, name);
                prop_assert_eq!(&read, data);
            }
        }
    }
}
