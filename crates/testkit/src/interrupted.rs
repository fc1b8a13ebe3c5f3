//! The life of a command that starts servers: until its work is done, or somebody ends it.

use std::process::ExitCode;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

use crate::paths;

/// As a shell reports a process that Ctrl-C has ended.
const INTERRUPTED: u8 = 130;

/// Does `work` in a runtime of its own; SIGINT or SIGTERM ends it, with all that it has started, and the exit status is 130. Called by
/// the `main` of such a command.
///
/// # Errors
/// Those of the work, and where the system gives no threads or signals.
pub fn until_interrupted(work: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start a runtime")?;
    runtime.block_on(async {
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        // Whichever ends first: with the other goes all that it has started.
        tokio::select! {
            code = Box::pin(work) => return code,
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        paths::say("interrupted: ends everything that was started");
        Ok(ExitCode::from(INTERRUPTED))
    })
}
