//! What the daemon says of itself.

use jiff::{SignedDuration, Timestamp};
use ssectl_core::control::types::{Single, Status};

use super::{check::Check, program};
use crate::text;

/// A clock is another one from here on.
const SKEW: SignedDuration = SignedDuration::from_secs(2);
/// The share of all places for streams, in percent, from which on they are few.
const CROWDED: usize = 90;

/// Returns the checks that only the daemon's answer settles.
pub(super) fn checks(answer: Option<&Single<Status>>) -> Vec<Check> {
    const IDS: [&str; 5] = ["version", "health", "frontend_version", "files", "clock"];
    let Some(Single { item: status, warnings, .. }) = answer else {
        return IDS.into_iter().map(|id| Check::skipped(id, "the daemon did not answer")).collect();
    };
    let [version_id, health_id, frontend_id, files_id, clock_id] = IDS;
    vec![
        version(version_id, status),
        health(health_id, status),
        frontend(frontend_id, warnings),
        files(files_id, status),
        clock(clock_id, status),
    ]
}

/// Returns the check that is the answer itself.
pub(super) fn answered(status: &Status) -> Check {
    let Status { version, pid, phase, .. } = status;
    let told = format!(
        "ssectld {version}, process {pid}, {phase}, {} mode, for {}",
        status.mode,
        text::since(status.started_at)
    );
    match (phase.as_str(), &status.drain) {
        ("ready", None) => Check::ok("daemon", told),
        ("ready", Some(drain)) => {
            Check::warn("daemon", format!("{told}: draining, {} streams left", drain.left))
                .hint("to let streams in again: ssectl daemon drain --cancel")
        }
        ("starting", _) => Check::warn("daemon", told).hint("ask again in a moment"),
        _ => Check::warn("daemon", format!("{told}: it is stopping")),
    }
}

fn version(id: &'static str, status: &Status) -> Check {
    let own = env!("CARGO_PKG_VERSION");
    if status.version == own {
        return Check::ok(id, format!("ssectl and ssectld are both {own}"));
    }
    Check::warn(id, format!("ssectl is {own}, ssectld is {}", status.version))
        .hint("install the same version of both; after an upgrade: systemctl restart ssectld")
}

fn health(id: &'static str, status: &Status) -> Check {
    match status.degraded.as_slice() {
        [] => Check::ok(id, "nothing is degraded"),
        reasons => {
            Check::fail(id, format!("degraded: {}", reasons.join("; "))).hint("journalctl -u ssectld -n 50")
        }
    }
}

fn frontend(id: &'static str, warnings: &[String]) -> Check {
    match warnings.iter().find(|warning| warning.contains("frontend_version_url")) {
        None => Check::ok(id, "what is pending and what frontend_version_url says do not differ"),
        Some(warning) => {
            Check::warn(id, warning).hint("queue the version that is served, or: ssectl version clear --all")
        }
    }
}

fn files(id: &'static str, status: &Status) -> Check {
    let Some(footing) = &status.footing else { return Check::skipped(id, "this daemon does not say") };
    if status.mode == "gateway" {
        return Check::ok(
            id,
            format!("{} open files at most, the gateway holds the streams", footing.max_files),
        );
    }
    let (most, open) = (footing.max_connections, status.connections);
    let told = format!("{open} of {most} streams, {} open files at most", footing.max_files);
    let more = "raise LimitNOFILE= (systemctl edit ssectld) or stream.max_connections, and restart it";
    if open >= most {
        Check::fail(id, format!("{told}: newcomers are refused")).hint(more)
    } else if open >= most.saturating_mul(CROWDED) / 100 {
        Check::warn(id, format!("{told}: few places are left")).hint(more)
    } else {
        Check::ok(id, told)
    }
}

fn clock(id: &'static str, status: &Status) -> Check {
    let Some(now) = status.now else { return Check::skipped(id, "this daemon does not say") };
    let off = Timestamp::now().duration_since(now).abs();
    if off > SKEW {
        return Check::warn(id, format!("the daemon's clock is {} s off from this one", off.as_secs()))
            .hint("timedatectl status, in the daemon's container or machine too");
    }
    match program::output("timedatectl", &["show", "--property=NTPSynchronized", "--value"]).as_deref() {
        Some("no") => Check::warn(id, "the daemon's is this one's, which nothing keeps right")
            .hint("sudo timedatectl set-ntp true"),
        Some("yes") => Check::ok(id, "the daemon's is this one's, which is synchronised"),
        _ => Check::ok(id, "the daemon's is this one's; whether something keeps it right is not known here"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::check::Verdict, *};

    fn status(change: impl FnOnce(&mut Status)) -> Single<Status> {
        let mut status: Status = serde_json::from_value(json!({
            "version": env!("CARGO_PKG_VERSION"), "pid": 7, "phase": "ready", "mode": "embedded", "framing": "named",
            "started_at": "2026-01-01T00:00:00Z", "listen": {"public": "127.0.0.1:1", "internal": "127.0.0.1:2"},
            "socket": "/s", "connections": 89, "pending_versions": 0,
            "tasks": {"pending": 0, "running": 0, "ended": 0}, "durable": true, "degraded": [],
            "footing": {"config": null, "state": "/var/lib/ssectld", "max_files": 1024, "max_connections": 100},
        }))
        .expect("a status");
        status.now = Some(Timestamp::now());
        change(&mut status);
        Single::new("status", status)
    }

    fn result(id: &str, answer: &Single<Status>) -> Verdict {
        let checks = checks(Some(answer));
        checks.iter().find(|check| check.check == id).expect("it is there").result
    }

    #[test]
    fn each_check_looks_at_its_own() {
        let well = status(|_| {});
        for id in ["version", "health", "frontend_version", "files"] {
            assert_eq!(result(id, &well), Verdict::Ok, "{id}");
        }
        let message = |answer| checks(Some(answer)).pop().map(|clock| clock.message).unwrap_or_default();
        assert!(
            message(&well).starts_with("the daemon's is this one's"),
            "whether it is right, the machine knows"
        );
        assert_eq!(result("version", &status(|s| s.version = "9.9.9".into())), Verdict::Warn);
        assert_eq!(
            result("health", &status(|s| s.degraded = vec!["the disk is full".into()])),
            Verdict::Fail
        );
        assert_eq!(result("files", &status(|s| s.connections = 90)), Verdict::Warn);
        assert_eq!(result("files", &status(|s| s.connections = 100)), Verdict::Fail);
        assert_eq!(result("files", &status(|s| s.footing = None)), Verdict::Skipped, "an older daemon");
        let late = Timestamp::now() - SignedDuration::from_secs(60);
        assert!(message(&status(|s| s.now = Some(late))).contains("60 s off"));
        let mut differs = status(|_| {});
        differs.warnings = vec!["1 is pending, but frontend_version_url says 2".into()];
        assert_eq!(result("frontend_version", &differs), Verdict::Warn);
        assert_eq!(answered(&status(|s| s.phase = "draining".into()).item).result, Verdict::Warn);
        assert!(checks(None).iter().all(|check| check.result == Verdict::Skipped));
    }
}
