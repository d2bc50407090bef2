//! One round with one server: connect, pace, flood, stall, leave.

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    slow,
    subject::{Server, Subject},
    support::{
        clients::Clients,
        daemon::cpu_of,
        publisher::Publisher,
        statistics::{median, percentile},
    },
};

/// Publishes under way at once when flooding.
const IN_FLIGHT: usize = 16;
/// Between two questions to the control socket while flooding.
const QUESTION_EVERY: Duration = Duration::from_millis(2);
/// From the last connect to a connection being idle: what connecting took is given back.
const SETTLE: Duration = Duration::from_secs(1);

/// How much to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) connections: usize,
    pub(crate) paced: usize,
    flood: usize,
}

impl Plan {
    /// For figures to quote.
    pub(crate) fn full(connections: usize) -> Self {
        Self { connections, paced: 100, flood: if connections > 2000 { 200 } else { 1000 } }
    }

    /// For a minute's look.
    pub(crate) fn quick(connections: usize) -> Self {
        Self { connections, paced: 20, flood: 200 }
    }
}

/// What one round gave, in seconds, bytes and deliveries a second. `None`: does not apply, or was lost.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub(crate) struct Figures {
    /// Connects a second, heads received.
    pub(crate) connects_per_s: f64,
    /// PSS per idle connection.
    pub(crate) bytes_per_connection: f64,
    /// From the publish to the last client, median.
    pub(crate) last_client_s: f64,
    /// The server's processor seconds per million deliveries, one event at a time.
    pub(crate) cpu_s_per_million: f64,
    /// Deliveries a second with 16 publishes in flight.
    pub(crate) flood_per_s: Option<f64>,
    /// The server's processor seconds per million deliveries, then.
    pub(crate) flood_cpu_s_per_million: Option<f64>,
    /// A control request meanwhile, 99th percentile.
    pub(crate) control_p99_s: Option<f64>,
    /// Until 99 in 100 clients have an event of 4 KiB.
    pub(crate) others_p99_s: Option<f64>,
    /// The same for the others, while one client in a hundred does not read.
    pub(crate) others_p99_stalled_s: Option<f64>,
    /// A control request while flooding then, 99th percentile.
    pub(crate) control_p99_stalled_s: Option<f64>,
    /// How often one of the stalled clients was thrown out meanwhile.
    pub(crate) thrown_out: Option<f64>,
    /// From 1 000 clients leaving to the daemon knowing it.
    pub(crate) leave_s: Option<f64>,
    /// The load generator's share of one core while flooding: near 1, it was the limit.
    pub(crate) generator_load: f64,
}

/// Measures one server.
pub(crate) fn run(subject: Subject, plan: &Plan) -> io::Result<Figures> {
    let server = Server::start(subject)?;
    let before = server.memory()?;
    let (mut clients, took) = Clients::connect(server.streams, plan.connections)?;
    thread::sleep(SETTLE);
    let connections = plan.connections as f64;
    let mut figures = Figures {
        connects_per_s: connections / took.as_secs_f64(),
        bytes_per_connection: server.memory()?.saturating_sub(before) as f64 / connections,
        ..Figures::default()
    };
    pace(&server, &mut clients, plan, &mut figures)?;
    flood(subject, &server, &mut clients, plan, &mut figures)?;
    if subject == Subject::Ssectld {
        slow::measure(&server, &mut clients, plan, &mut figures)?;
        figures.leave_s = Some(leave(&server, &mut clients, plan)?);
    }
    Ok(figures)
}

fn payload(n: usize) -> String {
    format!(
        r#"{{"event_type":"progress_update","task_id":"0b8e55e4-6c0c-4a8e-9f0e-3f1c5d7a9b21","text":"step {n:06} of many"}}"#
    )
}

fn pace(server: &Server, clients: &mut Clients, plan: &Plan, figures: &mut Figures) -> io::Result<()> {
    let mut publisher = Publisher::connect(&server.door)?;
    let mut times = Vec::with_capacity(plan.paced);
    clients.reset();
    let cpu = server.cpu()?;
    for n in 1..=plan.paced {
        let began = Instant::now();
        publisher.publish(&payload(n))?;
        let last = clients.wait_for((n * plan.connections) as u64)?;
        times.push(last.duration_since(began).as_secs_f64());
    }
    figures.last_client_s = median(&mut times);
    figures.cpu_s_per_million = per_million(server.cpu()? - cpu, plan.paced * plan.connections);
    Ok(())
}

/// Publishes as fast as the server takes it.
pub(crate) fn flood(
    subject: Subject,
    server: &Server,
    clients: &mut Clients,
    plan: &Plan,
    figures: &mut Figures,
) -> io::Result<()> {
    clients.reset();
    let deliveries = plan.flood * plan.connections;
    let (cpu, own, began, done) = (server.cpu()?, cpu_of("self")?, Instant::now(), AtomicBool::new(false));
    let (last, questions) = thread::scope(|scope| {
        for lane in 0..IN_FLIGHT {
            let mut publisher = Publisher::connect(&server.door)?;
            let share = (lane..plan.flood).step_by(IN_FLIGHT);
            scope.spawn(move || share.into_iter().try_for_each(|n| publisher.publish(&payload(n))));
        }
        let asking = (subject == Subject::Ssectld).then(|| scope.spawn(|| ask(server, &done)));
        let last = clients.wait_for(deliveries as u64);
        done.store(true, Ordering::Relaxed);
        let questions = asking.and_then(|thread| thread.join().ok()).transpose()?;
        io::Result::Ok((last, questions))
    })?;
    // The ceiling drops what a socket does not take; then it has no figure here.
    let Ok(last) = last else { return Ok(()) };
    let took = last.duration_since(began);
    figures.flood_per_s = Some(deliveries as f64 / took.as_secs_f64());
    figures.flood_cpu_s_per_million = Some(per_million(server.cpu()? - cpu, deliveries));
    figures.generator_load = (cpu_of("self")? - own).as_secs_f64() / took.as_secs_f64();
    figures.control_p99_s = questions.map(|mut times| percentile(&mut times, 0.99));
    Ok(())
}

/// Asks for the status again and again until it is over. Returns how long each answer took.
fn ask(server: &Server, done: &AtomicBool) -> io::Result<Vec<f64>> {
    let (mut operator, mut times) = (Publisher::connect(&server.door)?, Vec::new());
    while !done.load(Ordering::Relaxed) {
        let began = Instant::now();
        operator.status()?;
        times.push(began.elapsed().as_secs_f64());
        thread::sleep(QUESTION_EVERY);
    }
    Ok(times)
}

fn leave(server: &Server, clients: &mut Clients, plan: &Plan) -> io::Result<f64> {
    let mut operator = Publisher::connect(&server.door)?;
    let left = plan.connections.min(1000);
    let expected = format!("\"connections\":{},", plan.connections - left);
    let began = Instant::now();
    clients.leave(left);
    while !operator.status()?.contains(&expected) {
        if began.elapsed() > Duration::from_secs(30) {
            return Err(io::Error::other("clients that left are still listed after 30 s"));
        }
    }
    Ok(began.elapsed().as_secs_f64())
}

fn per_million(cpu: Duration, deliveries: usize) -> f64 {
    cpu.as_secs_f64() * 1e6 / deliveries as f64
}
