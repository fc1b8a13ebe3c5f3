//! Many timers: which, and how a batch of them is worked through.

mod batch;
mod select;

pub(crate) use batch::{Change, Wish, work};
pub(crate) use select::select;
