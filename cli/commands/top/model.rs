//! What is known, and what of it somebody looks at.

use std::time::{Duration, Instant};

use ssectl_core::control::{
    listing::{Filter, Listing, SortKey},
    types::{ConnectionView, List, VersionStatus},
};

use super::{
    feed::{News, Scene, Wish},
    keys::Key,
    rates::Rates,
};
use crate::{error::CliError, exit::Exit};

/// How many connections are asked for.
const CONNECTIONS: usize = 100;

/// Which connections are seen, in what order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Queued,
    Newest,
    Oldest,
    Doubtful,
}

impl Order {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Queued => "most queued first",
            Self::Newest => "newest first",
            Self::Oldest => "oldest first",
            Self::Doubtful => "those that are not live",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Queued => Self::Newest,
            Self::Newest => Self::Oldest,
            Self::Oldest => Self::Doubtful,
            Self::Doubtful => Self::Queued,
        }
    }

    /// The daemon lists the oldest first unless it is told otherwise.
    fn listing(self) -> Listing {
        let sort = |key: &str| key.parse::<SortKey>().into_iter().collect();
        let sort = match self {
            Self::Queued => sort("-queued"),
            Self::Newest => sort("age"),
            Self::Oldest | Self::Doubtful => Vec::new(),
        };
        let live = || "state!=live".parse::<Filter>().into_iter().collect();
        let filters = if self == Self::Doubtful { live() } else { Vec::new() };
        Listing { filters, sort, limit: Some(CONNECTIONS) }
    }
}

/// In which list keys move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Focus {
    Connections,
    Tasks,
}

/// What is in front of the lists.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Front {
    Nothing,
    Help,
    Details(Box<ConnectionView>),
}

/// What is to be done after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Draw,
    Redraw,
    AskAtOnce,
    /// Stop the process group, ourselves included.
    StopAll,
    End(Exit),
}

/// All of it.
pub(super) struct Model {
    pub(super) every: Duration,
    /// Whether it is coloured.
    pub(super) colours: bool,
    pub(super) scene: Option<Scene>,
    pub(super) connections: Option<List<ConnectionView>>,
    pub(super) version: Option<VersionStatus>,
    pub(super) rates: Rates,
    pub(super) order: Order,
    pub(super) focus: Focus,
    pub(super) front: Front,
    pub(super) paused: bool,
    /// The rows that are chosen.
    pub(super) connection: usize,
    pub(super) task: usize,
    /// Whose row keys moved to: it stays chosen wherever the row goes. `None`: whoever is in the row.
    chosen: Option<String>,
    /// Why the daemon does not answer.
    pub(super) away: Option<String>,
    /// When it last did, or should have begun to.
    pub(super) answered: Instant,
}

impl Model {
    pub(super) fn new(every: Duration, colours: bool) -> Self {
        Self {
            every,
            colours,
            scene: None,
            connections: None,
            version: None,
            rates: Rates::new(every),
            order: Order::Queued,
            focus: Focus::Connections,
            front: Front::Nothing,
            paused: false,
            connection: 0,
            task: 0,
            chosen: None,
            away: None,
            answered: Instant::now(),
        }
    }

    /// Returns what is to be asked for.
    pub(super) fn wish(&self) -> Wish {
        let idle = if self.order == Order::Queued { Order::Oldest } else { self.order };
        Wish { connections: self.order.listing(), idle: idle.listing(), paused: self.paused }
    }

    /// Takes what the daemon said.
    pub(super) fn hear(&mut self, news: News) -> Result<(), CliError> {
        match news {
            News::Scene(mut scene) => {
                (self.away, self.answered) = (None, scene.at);
                self.rates.note(&scene.status, scene.at);
                // What goes on comes before what has ended.
                scene.tasks.sort_by_key(|task| task.status.is_terminal());
                if let Some(people) = scene.people.take() {
                    (self.connections, self.version) = (Some(people.connections), people.version);
                }
                self.scene = Some(*scene);
                self.find_chosen();
                self.settle();
            }
            News::Away(why) => self.away = Some(why),
            News::Refused(error) => return Err(error),
        }
        Ok(())
    }

    /// Does what a key wants.
    pub(super) fn act(&mut self, key: Key) -> Then {
        match key {
            Key::Quit => return Then::End(Exit::Ok),
            Key::Interrupt => return Then::End(Exit::Interrupted),
            Key::Suspend => return Then::StopAll,
            Key::Redraw => return Then::Redraw,
            Key::Refresh => return Then::AskAtOnce,
            Key::Back if self.front == Front::Nothing => return Then::End(Exit::Ok),
            Key::Back => self.front = Front::Nothing,
            Key::Help if self.front == Front::Help => self.front = Front::Nothing,
            Key::Help => self.front = Front::Help,
            Key::Pause => self.paused = !self.paused,
            Key::NextOrder => {
                self.order = self.order.next();
                (self.connection, self.chosen) = (0, None);
            }
            Key::NextList if self.focus == Focus::Connections => self.focus = Focus::Tasks,
            Key::NextList => self.focus = Focus::Connections,
            Key::Details => self.open(),
            Key::Move(rows) => self.go(self.row().saturating_add_signed(rows)),
            Key::First => {
                self.go(0);
                // Whoever comes to be the first: otherwise newcomers would push the row down.
                self.chosen = None;
            }
            Key::Last => self.go(usize::MAX),
        }
        self.settle();
        Then::Draw
    }

    fn go(&mut self, row: usize) {
        match self.focus {
            Focus::Connections => self.choose(row),
            Focus::Tasks => self.task = row,
        }
    }

    fn choose(&mut self, row: usize) {
        self.connection = row.min(self.items().len().saturating_sub(1));
        self.chosen = self.items().get(self.connection).map(|chosen| chosen.token.clone());
    }

    /// The row of whom is chosen may be another one now. Once it is gone, its neighbour is chosen.
    fn find_chosen(&mut self) {
        let Some(chosen) = &self.chosen else { return };
        match self.items().iter().position(|item| item.token == *chosen) {
            Some(row) => self.connection = row,
            None => self.choose(self.connection),
        }
    }

    fn row(&self) -> usize {
        match self.focus {
            Focus::Connections => self.connection,
            Focus::Tasks => self.task,
        }
    }

    fn items(&self) -> &[ConnectionView] {
        self.connections.as_ref().map_or(&[], |list| &list.items)
    }

    fn open(&mut self) {
        let chosen = self.items().get(self.connection);
        self.front = match (&self.front, chosen) {
            (Front::Nothing, Some(chosen)) if self.focus == Focus::Connections => {
                Front::Details(Box::new(chosen.clone()))
            }
            _ => Front::Nothing,
        };
    }

    /// Keeps what is chosen among what there is, and details as new as they can be.
    fn settle(&mut self) {
        let (connections, tasks) = (self.connections.as_ref(), self.scene.as_ref());
        let items = connections.map_or(&[][..], |list| &list.items);
        self.connection = self.connection.min(items.len().saturating_sub(1));
        self.task = self.task.min(tasks.map_or(0, |scene| scene.tasks.len().saturating_sub(1)));
        if let Front::Details(shown) = &mut self.front
            && let Some(newer) = items.iter().find(|item| item.token == shown.token)
        {
            shown.clone_from(&Box::new(newer.clone()));
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
