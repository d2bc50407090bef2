//! docs/scale.md says what the model computes, and the model what it should.

#![allow(dead_code, reason = "the model is the bench's, which uses all of it")]

#[path = "../benches/cluster/model.rs"]
mod model;
#[path = "../benches/cluster/paper.rs"]
mod paper;
#[path = "../benches/cluster/table.rs"]
mod table;

use model::{Costs, Line, Load, Needs};
use paper::HERE;

const LOAD: Load =
    Load { connections: 1e6, members: 10.0, broadcasts: 1.0, targeted: 1000.0, connects: 2000.0 };

#[test]
fn the_page_has_the_tables_that_are_computed() {
    let page = include_str!("../docs/scale.md");
    let missing: Vec<_> =
        paper::tables().lines().filter(|line| !page.contains(line)).map(str::to_owned).collect();
    assert!(
        missing.is_empty(),
        "docs/scale.md lacks what `cargo bench --features nats --bench cluster -- --model` prints:\n{}",
        missing.join("\n")
    );
}

#[test]
fn no_fewer_members_are_enough_than_it_says() {
    let members = HERE.members(&LOAD, 4.0).expect("a million can be served");
    let cores = |members| HERE.needs(&Load { members, ..LOAD }).cores();
    assert!(cores(members) <= 2.0 && (members == 3.0 || cores(members - 1.0) > 2.0), "{members}");
    let loud = Load { targeted: 1e6, ..LOAD };
    assert!(HERE.members(&loud, 4.0).is_none(), "each member reads every event: more members do not help");
}

#[test]
fn what_is_spread_shrinks_with_the_members_and_what_all_hear_does_not() {
    let few = HERE.needs(&LOAD);
    let many = HERE.needs(&Load { members: 20.0, ..LOAD });
    assert!((many.fan_out * 2.0 - few.fan_out).abs() < few.fan_out / 1e6);
    let for_browsers = |needs: Needs| needs.memory_bytes - HERE.daemon_bytes;
    assert!((for_browsers(many) * 2.0 - for_browsers(few)).abs() < 1.0);
    assert!(many.log > few.log / 2.0 && many.outward > few.outward);
    assert!((many.inward - few.inward).abs() < few.inward / 10.0, "an event is published once");
}

#[test]
fn a_storm_lasts_longer_where_less_is_free() {
    let storm = |cores| HERE.storm(&LOAD, cores);
    assert!(storm(4.0).lasts_s <= storm(2.0).lasts_s);
    let most = Load { connections: 1e7, ..LOAD };
    assert!(HERE.storm(&most, 4.0).lasts_s > storm(4.0).lasts_s);
}

#[test]
fn a_line_goes_through_what_was_measured() {
    let line = Line::through(10.0, 3.0, 16.0);
    assert!((line.at(1.0) - 10.0).abs() < 1e-9 && (line.at(3.0) - 16.0).abs() < 1e-9);
    // What was measured with more members and cost less has no slope: it was noise.
    assert!(Line::through(10.0, 3.0, 9.0).each.abs() < 1e-9);
    assert!(Costs::default().event_cpu(3.0).abs() < 1e-9);
}
