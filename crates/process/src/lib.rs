//! The life of a process: what every service's `main` does in the same way.
//!
//! A service's `main` is `process::main(name, Settings::read, live)`, and `live` tells the rest: serve, connect, spawn.

pub mod config;
mod exit;
pub mod health;
mod healthcheck;
pub mod http;
mod identity;
pub mod outage;
mod run;
pub mod shutdown;
pub mod telemetry;
mod wake;

pub use exit::Exit;
pub use identity::Identity;
pub use run::{Process, main, run, settings};
pub use wake::Wake;
