//! Partial writes, coalescing, order.
