//! Whose turn it is where several faults are about the same server.

use std::time::Duration;

use anyhow::{Result, anyhow};
use testkit::{Server, poll};
use tokio::time::timeout;

/// A fault waits so long for its turn.
const TURN: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_millis(500);

/// Waits some time until the server that is the right one then is running and answers.
pub(super) async fn running<'a>(server: impl Fn() -> Result<&'a Server>) -> Result<&'a Server> {
    let running = poll(TURN, async || {
        let server = server().map_err(|error| format!("{error:#}"))?;
        if !server.is_running() {
            return Err("it is not running".to_owned());
        }
        match timeout(ANSWER, server.ready()).await {
            Ok(Ok(())) => Ok(server),
            Ok(Err(error)) => Err(format!("{error:#}")),
            Err(_) => Err("it does not answer".to_owned()),
        }
    });
    running.await.map_err(|last| anyhow!("another fault is in force: {last}"))
}
