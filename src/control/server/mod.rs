//! Answers the control API.

mod listener;

pub use listener::{BindError, ControlListener, PathDisplay};
