//! What each family of commands does: ask, and say the answer.

pub(crate) mod audit;
mod bulk;
pub(crate) mod completions;
pub(crate) mod covered;
pub(crate) mod dead_letters;
pub(crate) mod edit;
mod input;
mod letter;
mod operation;
pub(crate) mod operations;
pub(crate) mod order;
mod path;
mod patience;
pub(crate) mod pause;
pub(crate) mod payments;
pub(crate) mod rebuild;
pub(crate) mod retell;
pub(crate) mod status;
pub(crate) mod timers;
