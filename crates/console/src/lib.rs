//! The operators' API and pages: sees everything, moves anything, and writes down who did.
//!
//! A request comes through [`http`], which asks [`access`] who sends it, to a method of [`app::App`]: one for each operation.
//! Those that act are in `acts`, between two entries of the [`audit`]; the others ask the [`peers`] and the broker. The pages
//! call the same methods. The process keeps nothing that others do not have: without it, nothing is disturbed.

pub mod access;
mod acts;
pub mod app;
pub mod audit;
pub mod config;
pub mod dead_letters;
pub mod event_times;
pub mod failure;
mod hold;
pub mod http;
pub mod live;
pub mod operations;
pub mod orders;
mod pages;
pub mod peers;
mod start;
pub mod status;
mod timers;

pub use start::start;
