//! Daemons, alone or as members of a cluster, with their NATS servers; and what all of them have used.

use std::{
    fs, io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    nats::{Nats, Traffic},
    support::{
        daemon::{Daemon, cpu_of, memory_of},
        publisher::{Door, Publisher},
    },
};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Setting {
    /// Daemons.
    pub(crate) members: usize,
    /// Copies that JetStream keeps, on as many servers; 0: one daemon without NATS.
    pub(crate) copies: u16,
    /// Browsers, over all daemons.
    pub(crate) connections: usize,
}

/// The processes, until they are dropped: members before their servers.
pub(crate) struct Stage {
    daemons: Vec<Daemon>,
    nats: Option<Nats>,
    _folder: TempDir,
}

/// What the processes have used, in seconds of one core.
#[derive(Clone, Debug)]
pub(crate) struct Usage {
    at: Instant,
    /// Each daemon.
    pub(crate) daemons: Vec<f64>,
    /// All NATS servers.
    pub(crate) nats: f64,
    pub(crate) traffic: Traffic,
}

impl Setting {
    /// Returns one daemon without NATS.
    pub(crate) fn alone(connections: usize) -> Self {
        Self { members: 1, copies: 0, connections }
    }

    /// Returns its name in tables.
    pub(crate) fn name(self) -> String {
        let Self { members, copies, connections } = self;
        if copies == 0 {
            format!("1 × {connections}, alone")
        } else {
            format!("{members} × {}, R{copies}", connections / members)
        }
    }
}

impl Stage {
    /// Starts everything, with these settings besides.
    pub(crate) fn start(setting: Setting, settings: &[&str]) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let nats = (setting.copies > 0).then(|| Nats::start(folder.path(), setting.copies)).transpose()?;
        let mut daemons = Vec::new();
        for number in 0..setting.members {
            let own = folder.path().join(format!("web-{number}"));
            fs::create_dir(&own)?;
            let member = nats.as_ref().map_or_else(Vec::new, |nats| {
                vec![
                    format!("cluster.nats_url={}", nats.url()),
                    format!("cluster.member=web-{number}"),
                    format!("cluster.replicas={}", setting.copies),
                ]
            });
            let all: Vec<&str> = settings.iter().copied().chain(member.iter().map(String::as_str)).collect();
            daemons.push(Daemon::start(&own, &all)?);
        }
        Ok(Self { daemons, nats, _folder: folder })
    }

    /// Returns where browsers connect.
    pub(crate) fn streams(&self) -> Vec<SocketAddr> {
        self.daemons.iter().map(|daemon| daemon.public).collect()
    }

    /// Returns a publisher at each daemon.
    pub(crate) fn publishers(&self) -> io::Result<Vec<Publisher>> {
        self.doors().iter().map(Publisher::connect).collect()
    }

    /// Returns where events are published.
    pub(crate) fn doors(&self) -> Vec<Door> {
        self.daemons.iter().map(|daemon| Door::Ssectld(daemon.socket.clone())).collect()
    }

    /// Returns the memory of all daemons (PSS).
    pub(crate) fn memory(&self) -> io::Result<f64> {
        self.daemons.iter().map(|daemon| Ok(memory_of(daemon.pid())? as f64)).sum()
    }

    /// Returns what was used so far.
    pub(crate) fn usage(&self) -> io::Result<Usage> {
        let cpu = |daemon: &Daemon| Ok(cpu_of(&daemon.pid().to_string())?.as_secs_f64());
        let (nats, traffic) = match &self.nats {
            Some(nats) => (nats.cpu()?, nats.traffic()?),
            None => (0.0, Traffic::default()),
        };
        Ok(Usage {
            at: Instant::now(),
            daemons: self.daemons.iter().map(cpu).collect::<io::Result<_>>()?,
            nats,
            traffic,
        })
    }
}

impl Usage {
    /// Returns what was used since, and for how long.
    pub(crate) fn since(&self, earlier: &Self) -> (Self, Duration) {
        let daemons = self.daemons.iter().zip(&earlier.daemons).map(|(now, then)| now - then).collect();
        let used = Self {
            at: self.at,
            daemons,
            nats: self.nats - earlier.nats,
            traffic: self.traffic - earlier.traffic,
        };
        (used, self.at.duration_since(earlier.at))
    }

    /// Returns what all daemons have used.
    pub(crate) fn all(&self) -> f64 {
        self.daemons.iter().sum()
    }
}

/// Returns what the kernel has allocated for itself and cannot take back: sockets above all.
pub(crate) fn kernel_memory() -> io::Result<f64> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let kib = text
        .lines()
        .find_map(|line| line.strip_prefix("SUnreclaim:")?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kib.map(|kib| kib * 1024.0).ok_or_else(|| io::Error::other("no SUnreclaim"))
}
