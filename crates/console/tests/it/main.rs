//! `console` against the real platform.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod access;
mod acts;
mod answers;
mod away;
mod document;
mod live;
mod operations;
mod orders;
mod pause;
mod payments;
mod recovery;
mod sessions;
mod stand_in;
mod viewers;
mod world;
