//! The shop's pages over HTTP, as a browser without JavaScript uses them.
//!
//! One binary for all of it: the shop runs in this process, in front of the real services on real servers, which all tests
//! share; where a service has to be slow, away or in a rare state, a stand-in plays it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod assets;
mod away;
mod drafts;
mod early;
mod forms;
mod html;
mod lists;
mod locale;
mod orders;
mod process;
mod safety;
mod sessions;
mod stand_in;
mod story;
mod visitor;
mod window;
mod world;
