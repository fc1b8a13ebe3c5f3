//! The life of the `console` process.

use console::{config::Settings, start};
use process::{Exit, Process};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Exit {
    process::main("console", Settings::read, live)
}

/// Starts everything. The API answers at once; what needs the broker says so until it is there.
async fn live(settings: Settings, process: Process) -> anyhow::Result<()> {
    start(settings, &process).await
}
