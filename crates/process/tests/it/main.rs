//! The process kit in a real process, with real signals and a real socket.

#![expect(clippy::unwrap_used, reason = "clippy knows a test's own function, but not what it calls")]

mod child;
mod http;
mod life;
mod settings;
