use super::*;
use crate::control::types::ConnectionView;

const NOW: &str = "2026-11-25T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().expect("a moment")
}

fn connection(id: &str, minutes: i64, agent: Option<&str>, sequence: Option<u64>) -> ConnectionView {
    ConnectionView {
        request_id: id.parse().expect("valid"),
        token: format!("token-{id}"),
        state: "live".to_owned(),
        connected_at: now() - jiff::SignedDuration::from_mins(minutes),
        age_ms: minutes * 60_000,
        last_proven: None,
        durable: None,
        address: None,
        user_agent: agent.map(str::to_owned),
        version_sequence: sequence,
        version: None,
        events: Some(3),
        bytes: Some(1_200_000),
        queued_events: Some(1),
        queued_bytes: sequence,
        drops: Some(0),
        lost: Some(0),
        last_write: Some(now()),
        member: Some("web-1".to_owned()),
    }
}

fn listed(query: &str) -> Result<(String, usize), InvalidListing> {
    let items = vec![
        connection("a", 1, Some("Mozilla/5.0 Firefox"), Some(900)),
        connection("b", 90, Some("curl/8"), None),
        connection("c", 200, None, Some(12_000)),
    ];
    let (items, total) = Listing::from_query(query)?.apply(items, now())?;
    Ok((items.iter().map(|item| item.request_id.as_str()).collect::<Vec<_>>().join(" "), total))
}

#[test]
fn filters_keep_what_they_say() {
    for (query, kept) in [
        ("", "a b c"),
        ("filter=request_id=b", "b"),
        ("filter=request_id!=b", "a c"),
        ("filter=user_agent~FIREFOX", "a"),
        ("filter=user_agent!~firefox", "b c"),
        ("filter=user_agent=", "c"),
        ("filter=user_agent!=", "a b"),
        ("filter=age>1h", "b c"),
        ("filter=age%3C%3D90m", "a b"),
        ("filter=age<90s&filter=user_agent~moz", "a"),
        ("filter=version_sequence>1k", "c"),
        ("filter=version_sequence<=900", "a"),
        ("filter=version_sequence=", "b"),
        ("filter=version_sequence!=900", "b c"),
        ("filter=queued>10k", "c"),
        ("filter=queued>=12k&filter=queued<=12.0k", "c"),
        ("filter=queued<1KiB", "a"),
        ("filter=queued>0.001M", "c"),
        ("filter=queued=", "b"),
        ("filter=bytes>1G", ""),
        ("filter=bytes>1MiB", "a b c"),
        ("filter=written<1s", "a b c"),
        ("filter=request_id=a=b", ""),
        ("ghosts=true", "a b c"),
    ] {
        assert_eq!(listed(query).as_ref().map(|(kept, _)| kept.as_str()), Ok(kept), "{query}");
    }
}

#[test]
fn the_order_is_as_asked_and_who_has_no_value_is_last() {
    for (query, order) in [
        ("sort=-age", "c b a"),
        ("sort=age", "a b c"),
        ("sort=user_agent", "a b c"),
        ("sort=-user_agent", "b a c"),
        ("sort=version_sequence", "a c b"),
        ("sort=-version_sequence", "c a b"),
        ("sort=state,-request_id", "c b a"),
        ("sort=state&sort=-request_id", "c b a"),
    ] {
        assert_eq!(listed(query).map(|(order, _)| order), Ok(order.to_owned()), "{query}");
    }
}

#[test]
fn the_limit_comes_last_and_what_was_there_is_counted() {
    assert_eq!(listed("sort=-age&limit=1"), Ok(("c".to_owned(), 3)));
    assert_eq!(listed("filter=age>1h&limit=1"), Ok(("b".to_owned(), 2)));
    assert_eq!(listed("limit=0"), Ok((String::new(), 3)));
}

#[test]
fn what_is_wrong_is_said() {
    for (query, words) in [
        ("filter=", "is no filter"),
        ("filter=state", "is no filter"),
        ("filter==x", "is no filter"),
        ("filter=colour=x", "there is no field \"colour\": the fields are request_id, state, age"),
        ("sort=-colour", "there is no field \"colour\""),
        ("filter=age>tomorrow", "write 90s, 5m, 2h or 3d"),
        ("filter=age>5", "write 90s, 5m, 2h or 3d"),
        ("filter=age~5s", "write =, <, <=, > or >="),
        ("filter=state>x", "write =, !=, ~ or !~"),
        ("filter=version_sequence>", "write 10, 10k or 2M"),
        ("filter=version_sequence>-1", "write 10, 10k or 2M"),
        ("filter=queued>10kb", "write 512, 10k, 2M or 1G"),
        ("filter=queued>k", "write 512, 10k, 2M or 1G"),
        ("filter=queued>ten", "write 512, 10k, 2M or 1G"),
        ("limit=-1", "a limit is a number of items"),
        (&"filter=age>1s&".repeat(MOST + 1), "at most"),
    ] {
        let error = listed(query).expect_err(query).to_string();
        assert!(error.contains(words), "{query}: {error}");
    }
}

#[test]
fn a_query_says_the_same_as_the_listing() {
    let listing = Listing {
        filters: ["user_agent~a&b=c%+é", "age>=2h"].map(|text| text.parse().expect("a filter")).into(),
        sort: ["-age", "request_id"].map(|text| text.parse().expect("a key")).into(),
        limit: Some(7),
    };
    assert_eq!(Listing::from_query(&listing.to_query()), Ok(listing));
}

#[test]
fn every_field_is_where_the_json_has_it() {
    let item = serde_json::to_value(connection("a", 1, Some("x"), Some(1))).expect("JSON");
    for field in ConnectionView::FIELDS {
        let optional = matches!(field.name, "proven" | "durable" | "address" | "version");
        assert!(optional || field.value(&item).is_some(), "{}", field.name);
    }
}

proptest::proptest! {
    #[test]
    fn sizes_mean_what_they_say(number in 0..1_000_000_u64, unit in 0..4_usize, half in proptest::bool::ANY) {
        let (name, factor) = [("", 1), ("k", 1_000), ("M", 1_000_000), ("Gi", 1 << 30)][unit];
        let whole = number * factor;
        let size = if half { format!("{number}.0{name}B") } else { format!("{number}{name}") };
        let kept = |bytes: u64, sign: &str| {
            let item = connection("a", 1, None, Some(bytes));
            let listing = Listing::from_query(&format!("filter=queued{sign}{size}")).expect("a filter");
            listing.apply(vec![item], now()).expect("it fits").1 == 1
        };
        proptest::prop_assert!(kept(whole, "=") && kept(whole, ">=") && kept(whole, "<="));
        proptest::prop_assert!(!kept(whole, ">") && !kept(whole, "<"));
        proptest::prop_assert!(kept(whole + 1, ">") && !kept(whole + 1, "="));
    }
}

#[cfg(feature = "daemon")]
#[test]
fn a_list_of_several_lists_has_what_was_asked_for() {
    let asked = |query: &str| Listing::from_query(query).expect("valid");
    let plain = asked("filter=age>2h&sort=-bytes&limit=3");
    assert_eq!(plain.of_each("member"), plain);
    assert_eq!(plain.of_all("member", "-age").to_query(), asked("sort=-bytes&limit=3").to_query());
    let whose = asked("filter=age>2h&filter=member=b&limit=3");
    assert_eq!(
        whose.of_each("member"),
        asked("filter=age>2h"),
        "what is left out later is not to be counted"
    );
    assert_eq!(whose.of_all("member", "-age"), asked("filter=member=b&sort=-age&limit=3"));
    let sorted = asked("sort=member,age&limit=3");
    assert_eq!(sorted.of_each("member"), Listing::default());
}
