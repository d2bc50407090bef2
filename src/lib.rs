//! All behaviour of `ssectld`, and the part of it that `ssectl` shares.
//!
//! Two ideas are kept apart: *who is connected* ([`registry`]) and *how bytes leave* ([`delivery`]). Services
//! ([`version`], [`task`]) publish through the [`delivery::Dispatcher`], the one ordering point; listeners
//! ([`stream`], [`http`], [`control`]) bring requests in; [`app`] assembles it all from a [`config::Config`].
//! `ARCHITECTURE.md` draws the flows.
//!
//! | feature | adds |
//! |---|---|
//! | `cli` | what the `ssectl` binary needs besides the values and the control client |
//! | `daemon` | everything that serves |

pub mod audience;
pub mod connection;
pub mod control;
pub mod event;
mod forms;
pub mod key;
pub mod private_dir;
pub mod reason;
pub mod request_id;
pub mod request_url;
pub mod role;
mod short_text;
pub mod task;
pub mod token;
pub mod version;

#[cfg(feature = "daemon")]
pub mod accept;
#[cfg(feature = "daemon")]
pub mod access;
#[cfg(feature = "daemon")]
pub mod admission;
#[cfg(feature = "daemon")]
pub mod app;
#[cfg(feature = "daemon")]
pub mod audit;
#[cfg(feature = "daemon")]
pub mod blocks;
#[cfg(feature = "daemon")]
pub mod browser;
#[cfg(feature = "daemon")]
pub mod clock;
#[cfg(feature = "nats")]
mod cluster;
#[cfg(feature = "daemon")]
pub mod config;
#[cfg(feature = "daemon")]
pub mod current;
#[cfg(feature = "daemon")]
pub mod delivery;
#[cfg(feature = "daemon")]
pub mod drain;
#[cfg(feature = "daemon")]
pub mod fleet;
#[cfg(all(feature = "daemon", any(test, feature = "fuzzing")))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(feature = "daemon")]
pub mod gateway;
#[cfg(feature = "daemon")]
pub mod hosts;
#[cfg(feature = "daemon")]
pub mod http;
#[cfg(feature = "daemon")]
pub mod idempotency;
#[cfg(feature = "daemon")]
pub mod lifecycle;
#[cfg(feature = "daemon")]
pub mod log_level;
#[cfg(feature = "daemon")]
pub mod metrics;
#[cfg(feature = "daemon")]
pub mod named;
#[cfg(feature = "daemon")]
pub mod network;
#[cfg(feature = "daemon")]
mod noted;
#[cfg(feature = "daemon")]
mod order;
#[cfg(feature = "daemon")]
pub mod outbound;
#[cfg(feature = "daemon")]
pub mod registry;
#[cfg(feature = "daemon")]
pub mod reload;
#[cfg(feature = "daemon")]
pub mod secret;
#[cfg(feature = "daemon")]
pub mod services;
#[cfg(feature = "daemon")]
pub mod store;
#[cfg(feature = "daemon")]
pub mod stream;
#[cfg(feature = "daemon")]
pub mod traffic;

#[cfg(all(test, feature = "daemon"))]
mod test_support;
