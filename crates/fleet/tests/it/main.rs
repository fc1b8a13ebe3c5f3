//! The binary `fleet`: against a console of the real platform, and against one that says what the test wants.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod covered;
mod dead_letters;
mod ending;
mod fleet;
mod interrupted;
mod looking;
mod recovery;
mod stand_in;
mod timers;
mod world;
