//! The routes: each is an operation of the table with its handler, behind what lets only those through who may.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    handler::Handler,
    routing::{MethodRouter, get, post},
};

use super::{
    Shared, audit, cluster, connections, daemon, drain, events, extract, follow, guard, log_level, members,
    tail, tasks, versions, wait,
};
use crate::control::operations::{self as operations, Doors, Method, Needs, Operation};

/// Operations with their handlers, for those who come through one door.
pub(super) struct Routes {
    services: Shared,
    door: Doors,
    router: Router<Shared>,
    served: Vec<&'static Operation>,
}

impl Routes {
    /// Returns what is served there: at [`Doors::Socket`] everything.
    pub(super) fn behind(door: Doors, services: &Shared) -> Self {
        use operations::{
            audit as a, connections as c, daemon as d, events as e, members as m, tasks as t, versions as v,
            wait as w,
        };
        let none = Self { services: services.clone(), door, router: Router::new(), served: Vec::new() };
        none.serve(&d::STATUS, daemon::status)
            .serve(&d::OPENAPI, daemon::openapi)
            .serve(&d::DRAIN_FORECAST, drain::forecast)
            .serve(&d::DRAIN, drain::begin)
            .serve(&d::DRAIN_CANCEL, drain::cancel)
            .serve(&d::LOG_LEVEL, log_level::show)
            .serve(&d::LOG_LEVEL_SET, log_level::set)
            .serve(&d::RELOAD, daemon::reload)
            .serve(&d::STOP, daemon::stop)
            .serve(&c::LIST, connections::list)
            .serve(&c::SHOW, connections::show)
            .serve_named(&c::SHOW, c::DISCONNECT.path, connections::show_disconnect)
            .serve(&c::DISCONNECT, connections::disconnect)
            .serve(&c::BLOCKED, connections::blocked)
            .serve(&c::UNBLOCK, connections::unblock)
            .serve(&c::EVENTS, connections::watch)
            .serve(&v::LIST, versions::list)
            .serve(&v::CURRENT, versions::current)
            .serve(&v::QUEUE, versions::queue)
            .serve(&v::CLEAR, versions::clear)
            .serve(&v::HISTORY, versions::history)
            .serve(&v::STATUS, versions::status)
            .serve(&v::DELIVERY, versions::delivery)
            .serve(&w::READY, wait::ready)
            .serve(&w::DRAINED, wait::drained)
            .serve(&w::VERSION, wait::version)
            .serve(&w::TASK, wait::task)
            .serve(&t::LIST, tasks::list)
            .serve(&t::CREATE, tasks::create)
            .serve(&t::SHOW, tasks::show)
            .serve(&t::EVENTS, follow::events)
            .serve(&t::HOLD, follow::hold)
            .serve(&t::PROGRESS, tasks::progress)
            .serve(&t::COMPLETE, tasks::complete)
            .serve(&t::FAIL, tasks::fail)
            .serve(&t::CANCEL, tasks::cancel)
            .serve(&t::REMOVE, tasks::remove)
            .serve(&e::SEND, events::send)
            .serve(&e::TAIL, tail::tail)
            .serve(&a::LIST, audit::list)
            .serve(&m::LIST, members::list)
    }

    fn serve<T: 'static>(mut self, operation: &'static Operation, handler: impl Handler<T, Shared>) -> Self {
        if self.lets_in(operation) {
            self.served.push(operation);
        }
        self.serve_named(operation, operation.path, handler)
    }

    /// Serves an operation at a path that would be its own, were it not the name of another one.
    fn serve_named<T: 'static>(
        mut self,
        operation: &'static Operation,
        path: &str,
        handler: impl Handler<T, Shared>,
    ) -> Self {
        if !self.lets_in(operation) {
            return self;
        }
        let route: MethodRouter<Shared> = match operation.method {
            Method::Get => get(handler),
            Method::Post => post(handler),
        };
        let guarded = match operation.needs {
            Needs::Role(role) => guard::only(role, route),
            Needs::Order(verb) => guard::ordering(&self.services, verb, route),
        };
        let guarded = cluster::over(&self.services, operation, guarded);
        self.router = self.router.route(path, guarded);
        self
    }

    fn lets_in(&self, operation: &Operation) -> bool {
        self.door == Doors::Socket || operation.doors == Doors::Both
    }

    /// Returns the router, with what answers for everything else.
    pub(super) fn finish(self) -> Router {
        self.router
            .fallback(extract::no_such_path)
            .method_not_allowed_fallback(extract::no_such_method)
            .layer(DefaultBodyLimit::max(extract::MAX_BODY))
            .with_state(self.services)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_served_is_what_is_described() {
        let daemon = super::super::tests::Daemon::start().await;
        for door in [Doors::Socket, Doors::Both] {
            let served = Routes::behind(door, daemon.services()).served;
            let names = |operations: &[&Operation]| {
                let mut names: Vec<_> = operations.iter().map(|operation| operation.name).collect();
                names.sort_unstable();
                names
            };
            let described: Vec<&Operation> = operations::ALL.iter().copied().flatten().collect();
            let there = |operation: &&&Operation| door == Doors::Socket || operation.doors == Doors::Both;
            let described: Vec<_> = described.iter().filter(there).copied().collect();
            assert_eq!(names(&served), names(&described), "{door:?}");
        }
    }
}
