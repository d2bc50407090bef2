//! Three daemons that are one, and the NATS servers between them.

use std::net::Ipv4Addr;

use futures_util::{StreamExt, future::join_all, stream};

use super::namespace::Namespace;
use crate::{
    fakes::{browser::Browser, line::Line},
    harness::{Daemon, Home, nats::Nats, until},
};

/// The members' names.
pub const NAMES: [&str; 3] = ["a", "b", "c"];
/// The place of the last one.
const LAST: usize = 2;

/// The daemons, by their place in [`NAMES`], their NATS servers, and the lines between them, which can be cut.
pub struct Members {
    pub nats: Nats,
    lines: Vec<Vec<Line>>,
    daemons: [Option<Daemon>; 3],
    homes: [Option<Home>; 3],
    /// The network of the last of them, if it has its own.
    namespace: Option<Namespace>,
}

impl Members {
    /// Starts them over one server.
    pub async fn over_one() -> Self {
        Self::over(Nats::alone().await).await
    }

    /// Starts them over a cluster of three.
    pub async fn over_three() -> Self {
        Self::over(Nats::cluster().await).await
    }

    /// Starts them over one server, the last of them in a network of its own. `None` where there may be none.
    pub async fn with_one_apart() -> Option<Self> {
        let namespace = Namespace::new()?;
        Some(Self::start(Nats::alone().await, Some(namespace)).await)
    }

    /// Starts them over these servers.
    pub async fn over(nats: Nats) -> Self {
        Self::start(nats, None).await
    }

    async fn start(nats: Nats, namespace: Option<Namespace>) -> Self {
        let mut lines = Vec::new();
        for member in 0..NAMES.len() {
            let apart = namespace.as_ref().filter(|_| member == LAST);
            let here = apart.map_or(Ipv4Addr::LOCALHOST, Namespace::outside);
            lines.push(
                join_all((0..nats.count()).map(|server| Line::between(here, nats.address(server)))).await,
            );
        }
        let homes = [(); 3].map(|()| Some(Home::new()));
        let mut members = Self { nats, lines, daemons: [None, None, None], homes, namespace };
        for member in 0..NAMES.len() {
            members.revive(member).await;
        }
        members
    }

    /// Returns the network of a member, if it has its own.
    fn apart(&self, member: usize) -> Option<&Namespace> {
        self.namespace.as_ref().filter(|_| member == LAST)
    }

    /// Returns a member that runs.
    pub fn at(&self, member: usize) -> &Daemon {
        self.daemons[member].as_ref().expect("it runs")
    }

    /// Returns all that run.
    pub fn all(&self) -> impl Iterator<Item = &Daemon> {
        self.daemons.iter().flatten()
    }

    /// Kills a member as a power failure would.
    pub async fn kill(&mut self, member: usize) {
        let daemon = self.daemons[member].take().expect("it runs");
        self.homes[member] = Some(daemon.kill().await);
    }

    /// Stops a member in order.
    pub async fn stop(&mut self, member: usize) {
        let daemon = self.daemons[member].take().expect("it runs");
        self.homes[member] = Some(daemon.stop().await);
    }

    /// Stops a member in order, and forgets all that it has stored.
    pub async fn forget(&mut self, member: usize) {
        self.stop(member).await;
        self.homes[member] = Some(Home::new());
    }

    /// Starts a member where it was before.
    pub async fn revive(&mut self, member: usize) {
        let urls: Vec<_> = self.lines[member].iter().map(|line| format!("nats://{}", line.address)).collect();
        let url = format!("cluster.nats_url={}", urls.join(","));
        let name = format!("cluster.member={}", NAMES[member]);
        let home = self.homes[member].take().expect("it does not run");
        let mut settings = vec![url, name, "shutdown.spread=0s".to_owned(), "shutdown.grace=5s".to_owned()];
        settings.extend(self.apart(member).map(|apart| format!("listen.public={}:0", apart.door())));
        let settings: Vec<_> = settings.iter().map(String::as_str).collect();
        let plain = home.command(&settings);
        let command = self.apart(member).map_or(plain, |apart| apart.command(&home.command(&settings)));
        self.daemons[member] = Some(home.start_command(command).await);
    }

    /// Cuts a member off from all servers.
    pub fn cut(&self, member: usize) {
        match self.apart(member) {
            Some(apart) => apart.cut(),
            None => self.lines[member].iter().for_each(Line::cut),
        }
    }

    /// Lets a member say to the servers what it has to, and hear nothing any more once it has said these words.
    pub fn deafen_after(&self, member: usize, words: &'static str) {
        self.lines[member].iter().for_each(|line| line.deafen_after(words));
    }

    /// Has the next consumer of a stream, of this member, begin after all that is there. It has one server.
    pub fn leap_in(&self, member: usize, stream: &'static str) {
        self.lines[member][0].leap_in(stream);
    }

    /// Waits until it was made.
    pub async fn leapt(&self, member: usize) {
        self.lines[member][0].leapt().await;
    }

    /// Resets a member's connections to the servers.
    pub fn flicker(&self, member: usize) {
        self.lines[member].iter().for_each(Line::flicker);
    }

    /// Connects it again.
    pub fn mend(&self, member: usize) {
        match self.apart(member) {
            Some(apart) => apart.mend(),
            None => self.lines[member].iter().for_each(Line::mend),
        }
    }

    /// Stops all that run.
    pub async fn end(mut self) {
        for daemon in self.daemons.iter_mut().filter_map(Option::take) {
            daemon.stop().await;
        }
    }

    /// Opens so many streams at each member. Their ids are the member's name and a number.
    pub async fn browsers(&self, each: usize) -> Vec<Browser> {
        let ids = (0..NAMES.len()).flat_map(|member| (0..each).map(move |number| (member, number)));
        let opening = ids.map(|(member, number)| {
            let door = self.at(member).public;
            async move { Browser::open(door, &format!("{}-{number}", NAMES[member])).await }
        });
        stream::iter(opening).buffered(32).collect().await
    }
}

/// Returns what a daemon says is wrong with it.
pub async fn degraded(daemon: &Daemon) -> String {
    daemon.ask("/v1/status").await.expect(200).json()["item"]["degraded"].to_string()
}

/// Waits until a daemon says that the cluster is away.
pub async fn until_alone(daemon: &Daemon) {
    until("the cluster to be away", async || degraded(daemon).await.contains("cluster").then_some(())).await;
}

/// Waits until a daemon says that nothing is wrong with it.
pub async fn until_well(daemon: &Daemon) {
    until("nothing to be wrong", async || (degraded(daemon).await == "[]").then_some(())).await;
}
