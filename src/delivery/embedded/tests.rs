//! Real sockets on shards.
