//! Frames read back by a parser of our own.
