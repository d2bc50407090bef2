//! What the other browsers notice while one in a hundred does not read.

use std::{io, time::Instant};

use crate::{
    measure::{Figures, Plan, flood},
    subject::{Server, Subject},
    support::{clients::Clients, publisher::Publisher, stalled::Stalled, statistics::median},
};

/// Large enough that a browser that does not read is full after some dozens of events.
const EVENT_BYTES: usize = 4096;

/// Measures the daemon with everybody reading, then with stalled browsers beside them.
pub(crate) fn measure(
    server: &Server,
    clients: &mut Clients,
    plan: &Plan,
    figures: &mut Figures,
) -> io::Result<()> {
    figures.others_p99_s = Some(nearly_all(server, clients, plan)?);
    let stalled = Stalled::start(server.streams, plan.connections.div_ceil(100));
    figures.others_p99_stalled_s = Some(nearly_all(server, clients, plan)?);
    let mut meanwhile = Figures::default();
    flood(Subject::Ssectld, server, clients, plan, &mut meanwhile)?;
    figures.control_p99_stalled_s = meanwhile.control_p99_s;
    figures.thrown_out = Some(stalled.end()? as f64);
    Ok(())
}

/// Returns how long it takes until 99 in 100 of the clients have an event: the middle of many events.
fn nearly_all(server: &Server, clients: &mut Clients, plan: &Plan) -> io::Result<f64> {
    let mut publisher = Publisher::connect(&server.door)?;
    let event = format!(r#"{{"text":"{}"}}"#, "x".repeat(EVENT_BYTES));
    let mut times = Vec::with_capacity(plan.paced);
    clients.reset();
    for n in 1..=plan.paced {
        let began = Instant::now();
        publisher.publish(&event)?;
        let all = n * plan.connections;
        let nearly = clients.wait_for((all - plan.connections / 100) as u64)?;
        times.push(nearly.duration_since(began).as_secs_f64());
        clients.wait_for(all as u64)?;
    }
    Ok(median(&mut times))
}
