//! Real connections to a listener.
