//! The cluster that the daemon is a member of, if it is.

use std::collections::BTreeSet;

use ssectl_core::control::{
    client::Client,
    listing::Listing,
    types::{ClusterView, List, Member, MemberState, Status},
};

use super::check::Check;
use crate::text;

/// Clocks that are further apart than this are wrong.
const APART_MS: i64 = 1000;
/// The oldest nats-server for production, and its copies; docs/cluster.md says why.
const NATS: [u32; 3] = [2, 12, 7];
const COPIES: usize = 3;

/// Returns the checks of the cluster; none where there is no cluster.
pub(super) async fn checks(status: Option<&Status>, client: Option<&Client>) -> Vec<Check> {
    let Some(cluster) = status.and_then(|status| status.cluster.as_ref()) else { return Vec::new() };
    let mut checks = vec![reached(cluster), nats(cluster)];
    let Some(client) = client else { return checks };
    match client.members(&Listing::default()).await {
        Ok(answer) => {
            let List { items, unanswered, .. } = &answer.value;
            checks.extend([members(items, unanswered), clocks(items)]);
        }
        Err(error) => checks.extend([
            Check::fail("members", error.to_string()),
            Check::skipped("member_clocks", "the members are not known"),
        ]),
    }
    checks
}

fn reached(cluster: &ClusterView) -> Check {
    let ClusterView { name, member, .. } = cluster;
    if cluster.connected && !cluster.jetstream {
        return Check::fail(
            "cluster",
            format!("{member} is a member of {name}, and is connected to NATS, but JetStream does not answer"),
        )
        .hint("see whether most of the nats-servers run, reach each other and have JetStream: nats server report jetstream");
    }
    if cluster.connected {
        return Check::ok("cluster", format!("{member} is a member of {name}, and is connected to NATS"));
    }
    let away = format!("{member} is a member of {name}, and does not reach NATS");
    match &cluster.refusal {
        Some(why) => Check::fail("cluster", format!("{away}: {why}"))
            .hint("see to cluster.credentials_file and cluster.nats_url"),
        None => Check::fail("cluster", away)
            .hint("see whether nats-server runs at cluster.nats_url, and lets this machine in"),
    }
}

fn nats(cluster: &ClusterView) -> Check {
    let Some(version) = &cluster.nats_version else {
        return Check::skipped("nats", "NATS was not reached yet");
    };
    let numbers: Vec<u32> = version.split('.').map_while(|number| number.parse().ok()).collect();
    if numbers.as_slice() < NATS.as_slice() {
        let [major, minor, patch] = NATS;
        return Check::warn("nats", format!("nats-server is {version}, which is for trying out"))
            .hint(format!("install {major}.{minor}.{patch} or newer for production"));
    }
    match cluster.replicas {
        Some(copies) if copies < COPIES => {
            Check::warn("nats", format!("nats-server {version} keeps {copies} of {COPIES} copies"))
                .hint("run a cluster of three nats-servers: one may fail then")
        }
        Some(copies) => Check::ok("nats", format!("nats-server {version} keeps {copies} copies")),
        None => Check::ok("nats", format!("nats-server {version}")),
    }
}

fn members(members: &[Member], unanswered: &[String]) -> Check {
    let silent = members.iter().filter(|member| member.state == MemberState::Silent);
    let silent = silent.map(|member| &member.name).chain(unanswered);
    let silent: BTreeSet<_> = silent.map(String::as_str).collect();
    let count = text::count(members.len(), "member");
    if silent.is_empty() {
        return Check::ok("members", format!("{count}, all of which answer"));
    }
    let silent: Vec<_> = silent.into_iter().collect();
    Check::fail("members", format!("{count} known; {} did not answer", silent.join(", ")))
        .hint("see how they are: ssectl members list")
}

fn clocks(members: &[Member]) -> Check {
    let offsets = members.iter().filter_map(|member| Some((member.clock_offset_ms?, member.name.as_str())));
    let (Some(first), Some(last)) = (offsets.clone().min(), offsets.max()) else {
        return Check::skipped("member_clocks", "no clock is known");
    };
    let apart = last.0 - first.0;
    if apart > APART_MS {
        let told = format!("that of {} is {} ahead of that of {}", last.1, text::delay(apart), first.1);
        return Check::warn("member_clocks", told).hint("timedatectl status, on both machines");
    }
    Check::ok("member_clocks", format!("at most {} apart", text::delay(apart)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::check::Verdict, *};

    fn member(name: &str, state: &str, offset: i64) -> Member {
        serde_json::from_value(json!({
            "name": name, "state": state, "phase": "ready", "instance": "1", "version": "0.1.0", "mode": "embedded",
            "started_at": "2026-01-01T00:00:00Z", "connections": 1, "clock_offset_ms": offset,
            "heard_at": "2026-01-01T00:00:00Z",
        }))
        .expect("a member")
    }

    #[test]
    fn each_check_looks_at_its_own() {
        let all = |state, offset| [member("a", "answering", 0), member("b", state, offset)];
        assert_eq!(members(&all("answering", 0), &[]).result, Verdict::Ok);
        let silent = members(&all("silent", 0), &["(others)".to_owned(), "b".to_owned()]);
        assert_eq!(
            (silent.result, silent.message.as_str()),
            (Verdict::Fail, "2 members known; (others), b did not answer")
        );
        assert_eq!(clocks(&all("answering", 1000)).result, Verdict::Ok);
        assert_eq!(clocks(&all("answering", -1001)).result, Verdict::Warn);
        let cluster = |version: &str, replicas| ClusterView {
            name: "ssectl".into(),
            member: "a".into(),
            connected: true,
            refusal: None,
            jetstream: true,
            nats_version: Some(version.into()),
            replicas: Some(replicas),
            members: Vec::new(),
        };
        for (version, replicas, result) in [
            ("2.9.10", 3, Verdict::Warn),
            ("2.12.6", 3, Verdict::Warn),
            ("2.14.0", 3, Verdict::Ok),
            ("2.12.7", 1, Verdict::Warn),
        ] {
            assert_eq!(nats(&cluster(version, replicas)).result, result, "{version} {replicas}");
        }
        let cut_off = ClusterView { connected: false, ..cluster("2.12.7", 3) };
        let silent = ClusterView { jetstream: false, ..cluster("2.12.7", 3) };
        assert_eq!(
            (reached(&cut_off).result, reached(&silent).result, reached(&cluster("2.12.7", 3)).result),
            (Verdict::Fail, Verdict::Fail, Verdict::Ok)
        );
        assert_ne!(reached(&cut_off).message, reached(&silent).message);
    }
}
