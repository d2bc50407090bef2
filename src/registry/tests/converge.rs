//! The registry against a gateway whose callbacks overtake one another, come twice or never, and which answers only for
//! what it has.

use std::collections::HashSet;

use super::*;
use crate::{
    delivery::Roster,
    store::{Batch, Change, MemoryStore, Store, StoreError, Table},
};

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A browser connects at the gateway.
    Open { id: u8 },
    /// The browser of some stream leaves; the gateway may fail to say so.
    Leave { stream: usize, tells: bool },
    /// A callback arrives, and perhaps once more later.
    Arrive { callback: usize, again: bool },
    /// Everyone registered is sent something, and the gateway answers.
    Answer,
    /// The same, and it does not.
    Silence,
    /// The daemon starts anew; after a crash it may not have written down who had left.
    Restart { crash: bool },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u8..4).prop_map(|id| Step::Open { id }),
        3 => (0usize..30, any::<bool>()).prop_map(|(stream, tells)| Step::Leave { stream, tells }),
        8 => (0usize..30, any::<bool>()).prop_map(|(callback, again)| Step::Arrive { callback, again }),
        1 => Just(Step::Answer),
        1 => Just(Step::Silence),
        1 => any::<bool>().prop_map(|crash| Step::Restart { crash }),
    ]
}

#[derive(Clone, Debug, PartialEq)]
enum Callback {
    Connect { id: u8, token: Token },
    Disconnect { token: Token },
}

/// Keeps what is put into it, and forgets to remove where told so.
#[derive(Default)]
struct Keeping {
    store: MemoryStore,
    crashes: std::sync::atomic::AtomicBool,
}

impl Store for Keeping {
    fn load(&self, table: Table) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.store.load(table)
    }
    fn commit(&self, mut batch: Batch) -> BoxFuture<'_, Result<(), StoreError>> {
        if self.crashes.load(Ordering::Relaxed) {
            batch.retain(|change| matches!(change, Change::Put(..)));
        }
        self.store.commit(batch)
    }
    fn durable(&self) -> bool {
        true
    }
}

/// The gateway, the callbacks under way, and the daemon.
struct World {
    runtime: tokio::runtime::Runtime,
    store: Arc<Keeping>,
    house: House,
    /// Every stream that ever was, and whether it is open.
    streams: Vec<(u8, Token, bool)>,
    under_way: Vec<Callback>,
    /// Whose connect was answered with yes.
    answered: HashSet<Token>,
    /// Whose end the daemon of now has heard of.
    ended: HashSet<Token>,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let store = Arc::new(Keeping::default());
        let house = Self::start(&runtime, &store);
        let (streams, under_way) = (Vec::new(), Vec::new());
        Self { runtime, store, house, streams, under_way, answered: HashSet::new(), ended: HashSet::new() }
    }

    fn start(runtime: &tokio::runtime::Runtime, store: &Arc<Keeping>) -> House {
        let _guard = runtime.enter();
        let house = House::new(Vec::new());
        house.registry.keep(Arc::clone(store) as Arc<dyn Store>).expect("readable");
        house
    }

    fn close(&mut self, token: &Token) -> bool {
        let open = self.streams.iter_mut().find(|(_, known, open)| known == token && *open);
        open.map(|(_, _, open)| *open = false).is_some()
    }

    fn connect(&mut self, id: u8, token: &Token) {
        let newcomer = newcomer(&format!("i{id}"), token.as_str());
        let arrival = self.house.registry.connect(newcomer);
        self.answered.insert(token.clone());
        let Some(arrival) = arrival else { return };
        self.runtime.block_on(self.house.registry.remember(&arrival));
        for old in arrival.to_close() {
            self.ended.insert(old.token.clone());
            if self.close(&old.token) {
                self.under_way.push(Callback::Disconnect { token: old.token.clone() });
            }
        }
    }

    fn arrive(&mut self, callback: Callback) {
        match callback {
            Callback::Connect { id, token } => self.connect(id, &token),
            Callback::Disconnect { token } => {
                self.house.registry.disconnect(&token, CloseReason::ClientClosed);
                self.ended.insert(token);
            }
        }
    }

    fn answer(&mut self) {
        for connection in self.house.registry.everyone() {
            let open = self.streams.iter().any(|(_, token, open)| *token == connection.token && *open);
            if open {
                self.house.registry.proven(&[&connection]);
            } else {
                self.house.registry.departed(&connection, CloseReason::NotFound);
                self.ended.insert(connection.token.clone());
            }
        }
    }

    fn restart(&mut self, crash: bool) {
        self.store.crashes.store(crash, Ordering::Relaxed);
        assert!(self.runtime.block_on(self.house.lifecycle.finish(LIMIT)));
        self.store.crashes.store(false, Ordering::Relaxed);
        self.house = Self::start(&self.runtime, &self.store);
        self.ended.clear();
    }

    fn take(&mut self, step: Step) {
        let runtime = self.runtime.handle().clone();
        let _guard = runtime.enter();
        match step {
            Step::Open { id } => {
                let token: Token = format!("t{}", self.streams.len()).parse().expect("a token");
                self.streams.push((id, token.clone(), true));
                self.under_way.push(Callback::Connect { id, token });
            }
            Step::Leave { stream, tells } => {
                let Some((_, token, true)) = self.streams.get(stream).cloned() else { return };
                self.close(&token);
                if tells {
                    self.under_way.push(Callback::Disconnect { token });
                }
            }
            Step::Arrive { callback, again } => {
                if callback < self.under_way.len() {
                    let arrives = self.under_way.swap_remove(callback);
                    self.under_way.extend(again.then(|| arrives.clone()));
                    self.arrive(arrives);
                }
            }
            Step::Answer => self.answer(),
            Step::Silence => {
                let everyone = self.house.registry.everyone();
                self.house.registry.doubted(&everyone.iter().map(|one| &**one).collect::<Vec<_>>());
                assert_eq!(
                    self.house.registry.everyone().len(),
                    everyone.len(),
                    "nobody is a ghost by silence"
                );
            }
            Step::Restart { crash } => self.restart(crash),
        }
    }

    fn registered(&self) -> HashSet<Token> {
        self.house.registry.everyone().iter().map(|connection| connection.token.clone()).collect()
    }

    /// Returns who is there and has been let in.
    fn there(&self) -> HashSet<Token> {
        let open = self.streams.iter().filter(|(_, token, open)| *open && self.answered.contains(token));
        open.map(|(_, token, _)| token.clone()).collect()
    }

    fn check(&self) {
        let registered = self.registered();
        assert!(self.there().is_subset(&registered), "{:?} are there, {registered:?} known", self.there());
        assert!(registered.is_disjoint(&self.ended), "{registered:?} known, {:?} ended", self.ended);
        let (connects, disconnects, active) = self.house.counts();
        assert_eq!(
            (connects - disconnects, active),
            (active, i64::try_from(registered.len()).expect("small"))
        );
        let suspects = self
            .house
            .registry
            .list()
            .iter()
            .filter(|one| one.vital.expect("kept").life == Life::Suspect)
            .count();
        assert_eq!(self.house.registry.suspects(), suspects);
    }
}

proptest! {
    #[test]
    fn bug_m11_whatever_the_order_the_registry_comes_to_what_the_gateway_has(
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
            world.check();
        }
        while !world.under_way.is_empty() {
            world.take(Step::Arrive { callback: 0, again: false });
            world.check();
        }
        world.take(Step::Answer);
        world.check();
        prop_assert_eq!(world.registered(), world.there());
        prop_assert_eq!(world.house.registry.suspects(), 0);
    }
}
