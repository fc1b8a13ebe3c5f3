//! What the servers themselves can do, with nothing of ours around them: the measure of every share in the table.

pub(crate) mod broker;
pub(crate) mod redis;
