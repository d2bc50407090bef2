//! Any bytes, however cut.
