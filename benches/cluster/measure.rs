//! One stage: connect, rest, publish to nobody, to everyone, one at a time and as fast as it goes, queue versions, list.

use std::{
    io, thread,
    time::{Duration, Instant},
};

use crate::{
    figures::{Figures, Spent, Times},
    stage::{Setting, Stage, Usage, kernel_memory},
    support::{
        clients::{Clients, WINDOW},
        publisher::Publisher,
    },
};

/// Publishes under way at once when flooding, over all daemons.
const IN_FLIGHT: usize = 16;
/// Those to nobody, at one daemon.
const NOBODY_IN_FLIGHT: usize = 64;
/// From the last connect to a connection being idle: what connecting took is given back, and the members are told.
const SETTLE: Duration = Duration::from_secs(1);
/// Nothing happens for so long: two beats of each member.
const REST: Duration = Duration::from_secs(6);
/// Between two events that come seldom.
const SELDOM: Duration = Duration::from_millis(30);
/// From an acknowledgement to all members having read what was acknowledged.
const READ: Duration = Duration::from_millis(200);

/// How much to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) broadcasts: usize,
    pub(crate) flood: usize,
    pub(crate) nobody: usize,
    pub(crate) nobody_flood: usize,
    pub(crate) versions: usize,
}

impl Plan {
    /// For figures to quote.
    pub(crate) const FULL: Self =
        Self { broadcasts: 100, flood: 400, nobody: 60, nobody_flood: 10_000, versions: 30 };
    /// For a look.
    pub(crate) const QUICK: Self =
        Self { broadcasts: 15, flood: 100, nobody: 30, nobody_flood: 2000, versions: 10 };
}

/// Where browsers connect, as many as possible at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    /// At every daemon.
    Spread,
    /// At the first one, and before that once one after the other: then each is announced on its own.
    Lopsided,
}

/// One stage under way.
struct Run<'a> {
    stage: &'a Stage,
    clients: Clients,
    publishers: Vec<Publisher>,
    connections: usize,
    figures: Figures,
}

/// Measures everything with as many browsers at each daemon.
pub(crate) fn spread(setting: Setting, plan: &Plan) -> io::Result<Figures> {
    let stage = Stage::start(setting, &[])?;
    let mut run = Run::begin(&stage, setting, Way::Spread)?;
    run.nobody(plan)?;
    run.broadcasts(plan)?;
    run.flood(plan)?;
    run.versions(plan)?;
    run.listing(setting)?;
    Ok(run.figures)
}

/// Measures what the way over NATS costs: all browsers are at the first daemon, and events are for none of them.
pub(crate) fn lopsided(setting: Setting, plan: &Plan) -> io::Result<Figures> {
    let stage = Stage::start(setting, &[])?;
    let mut run = Run::begin(&stage, setting, Way::Lopsided)?;
    run.nobody(plan)?;
    Ok(run.figures)
}

/// Measures what a heartbeat costs, in seconds of one core.
pub(crate) fn heartbeat(setting: Setting) -> io::Result<f64> {
    let stage = Stage::start(setting, &["stream.heartbeat=1s"])?;
    let (_clients, _) = Clients::connect(stage.streams()[0], setting.connections)?;
    // Browsers do not read meanwhile: what comes fits into their sockets.
    thread::sleep(SETTLE);
    let before = stage.usage()?;
    thread::sleep(REST);
    let each = Spent::each_second(&before, &stage.usage()?);
    Ok(each.daemons() / setting.connections as f64)
}

impl<'a> Run<'a> {
    fn begin(stage: &'a Stage, setting: Setting, way: Way) -> io::Result<Self> {
        let Setting { connections, copies, .. } = setting;
        let mut figures = Figures::default();
        thread::sleep(SETTLE);
        let before = stage.usage()?;
        thread::sleep(if copies > 0 { REST } else { SETTLE });
        figures.idle = Spent::each_second(&before, &stage.usage()?);
        let streams = stage.streams();
        let streams = if way == Way::Spread { &streams[..] } else { &streams[..1] };
        let (memory, kernel) = (stage.memory()?, kernel_memory()?);
        if way == Way::Lopsided {
            let before = stage.usage()?;
            let clients = Clients::spread(streams, connections, 1)?;
            thread::sleep(SETTLE);
            figures.connect_alone = Spent::of(&before, &stage.usage()?, &figures.idle, connections);
            drop(clients);
            thread::sleep(SETTLE);
        }
        let before = stage.usage()?;
        let (clients, took) = Clients::spread(streams, connections, WINDOW)?;
        thread::sleep(SETTLE);
        let all = connections as f64;
        figures.connect = Spent::of(&before, &stage.usage()?, &figures.idle, connections);
        figures.connects_per_s = all / took.as_secs_f64();
        (figures.daemons_bytes, figures.memory_bytes) = (memory, stage.memory()?);
        figures.connection_bytes = (figures.memory_bytes - memory) / all;
        figures.kernel_bytes = (kernel_memory()? - kernel) / all;
        Ok(Self { stage, clients, publishers: stage.publishers()?, connections, figures })
    }

    /// Returns what each of so many cost since, when all members have read them.
    fn spent(&self, before: &Usage, count: usize) -> io::Result<Spent> {
        thread::sleep(READ);
        Ok(Spent::of(before, &self.stage.usage()?, &self.figures.idle, count))
    }

    fn nobody(&mut self, plan: &Plan) -> io::Result<()> {
        let (before, mut times) = (self.stage.usage()?, Vec::new());
        for n in 0..plan.nobody {
            let began = Instant::now();
            self.publishers[0].send("nobody", &shorter(n))?;
            times.push(began.elapsed().as_secs_f64());
            thread::sleep(SELDOM);
        }
        self.figures.placed = Times::of(&mut times);
        self.figures.nobody = self.spent(&before, plan.nobody)?;
        let (before, began) = (self.stage.usage()?, Instant::now());
        thread::scope(|scope| {
            let lanes: Vec<_> = (0..NOBODY_IN_FLIGHT)
                .map(|lane| {
                    let mut publisher = Publisher::connect(&self.stage.doors()[0])?;
                    let share = (lane..plan.nobody_flood).step_by(NOBODY_IN_FLIGHT);
                    Ok(scope.spawn(move || {
                        share.into_iter().try_for_each(|n| publisher.send("nobody", &shorter(n)))
                    }))
                })
                .collect::<io::Result<_>>()?;
            lanes
                .into_iter()
                .try_for_each(|lane| lane.join().map_err(|_| io::Error::other("a lane panicked"))?)
        })?;
        self.figures.nobody_per_s = plan.nobody_flood as f64 / began.elapsed().as_secs_f64();
        self.figures.nobody_flood = self.spent(&before, plan.nobody_flood)?;
        Ok(())
    }

    fn broadcasts(&mut self, plan: &Plan) -> io::Result<()> {
        self.clients.reset();
        let (before, mut times) = (self.stage.usage()?, Vec::new());
        for n in 1..=plan.broadcasts {
            let began = Instant::now();
            let at = n % self.publishers.len();
            self.publishers[at].publish(&payload(n))?;
            let last = self.clients.wait_for((n * self.connections) as u64)?;
            times.push(last.duration_since(began).as_secs_f64());
        }
        self.figures.last = Times::of(&mut times);
        self.figures.broadcast = self.spent(&before, plan.broadcasts)?;
        Ok(())
    }

    fn flood(&mut self, plan: &Plan) -> io::Result<()> {
        self.clients.reset();
        let (doors, deliveries) = (self.stage.doors(), plan.flood * self.connections);
        let (before, began) = (self.stage.usage()?, Instant::now());
        let last = thread::scope(|scope| {
            for lane in 0..IN_FLIGHT {
                let mut publisher = Publisher::connect(&doors[lane % doors.len()])?;
                let share = (lane..plan.flood).step_by(IN_FLIGHT);
                scope.spawn(move || share.into_iter().try_for_each(|n| publisher.publish(&payload(n))));
            }
            self.clients.wait_for(deliveries as u64)
        })?;
        self.figures.deliveries_per_s = deliveries as f64 / last.duration_since(began).as_secs_f64();
        self.figures.flood = self.spent(&before, plan.flood)?;
        Ok(())
    }

    fn versions(&mut self, plan: &Plan) -> io::Result<()> {
        self.clients.reset();
        let (mut receipts, mut told) = (Vec::new(), Vec::new());
        for n in 1..=plan.versions {
            let began = Instant::now();
            let at = n % self.publishers.len();
            self.publishers[at].queue(&format!("1.0.{n}"))?;
            receipts.push(began.elapsed().as_secs_f64());
            let last = self.clients.wait_for((n * self.connections) as u64)?;
            told.push(last.duration_since(began).as_secs_f64());
        }
        (self.figures.receipt, self.figures.told) = (Times::of(&mut receipts), Times::of(&mut told));
        Ok(())
    }

    fn listing(&mut self, setting: Setting) -> io::Result<()> {
        let together = if setting.copies > 0 { "?cluster=true" } else { "" };
        let (before, began) = (self.stage.usage()?, Instant::now());
        let listing = self.publishers[0].ask(&format!("/v1/connections{together}"))?;
        self.figures.listing_s = began.elapsed().as_secs_f64();
        self.figures.listing_bytes = listing.len() as f64;
        self.figures.listing = self.spent(&before, 1)?;
        let listed = listing.matches("\"request_id\"").count();
        if listed == self.connections {
            Ok(())
        } else {
            Err(io::Error::other(format!("{listed} of {} connections are listed", self.connections)))
        }
    }
}

fn payload(n: usize) -> String {
    format!(
        r#"{{"event_type":"progress_update","task_id":"0b8e55e4-6c0c-4a8e-9f0e-3f1c5d7a9b21","text":"step {n:06} of many"}}"#
    )
}

/// The same, shorter by what it takes to say who it is for.
fn shorter(n: usize) -> String {
    format!(r#"{{"event_type":"progress","task_id":"0b8e55e4-6c0c-4a8e-9f0e-3f1c5d7a9b21","text":"{n:04}"}}"#)
}
