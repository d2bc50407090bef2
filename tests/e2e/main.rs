//! Stories of users and peers, told with the real binaries on real sockets.
//!
//! A test that proves a numbered behaviour has the number at the start of its name. Nothing sleeps: every wait is
//! for something that happens, and fails the test when it does not.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "fakes spawn their own tasks, logs are shown when a test fails, and nothing here is a library"
)]

mod access;
mod activation;
mod audit;
mod authorize;
mod callback;
mod callback_bugs;
mod cli;
#[cfg(feature = "nats")]
mod cluster;
mod completions;
mod connections;
mod contract;
mod control;
mod delivery;
mod disconnect;
mod disk;
mod doctor;
mod doors;
mod drain;
mod exit_codes;
mod fakes;
mod faults;
mod forensics;
mod gateway_alone;
mod gateway_ends;
mod gateway_faults;
mod gateway_mode;
mod gateway_order;
mod gateway_services;
mod harness;
mod healing;
mod hostile;
mod hygiene;
mod in_browsers;
mod lifecycle;
mod limits;
mod listing;
mod load;
mod log;
mod looks;
mod manual;
mod metrics;
mod observability;
mod observers;
mod our_gateway;
mod parts;
mod publishers;
mod readme;
mod recipes;
mod reload;
mod replay;
mod reporters;
mod secrets;
mod soak;
mod state;
mod status;
mod surroundings;
mod tail;
mod task_run;
mod tasks;
mod terminal_run;
mod testing_endpoints;
mod through_a_gateway;
mod top;
mod torture;
mod version_cli;
mod versions;
mod waits;
mod watchdog;
mod watching;
mod web;
