//! The shop and the operators' console as people meet them: a real browser, the whole platform behind one address, and everything that goes wrong.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod away;
mod countdown;
mod customer;
mod everybody;
mod habits;
mod keyboard;
mod live;
mod operators;
mod safe;
mod story;
mod text;
mod world;
