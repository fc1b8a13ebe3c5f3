//! The loops of a service's process.

use std::time::Duration;

use process::Process;
use tokio_util::task::TaskTracker;

use crate::{Check, Relay};

/// Every wait of a loop that speaks to Postgres ends sooner.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);
/// Telling everything again is one statement, which may read and write millions of rows.
const LONGEST_MENDING: Duration = Duration::from_secs(10 * 60);

/// Runs the relay. It ends last: when the drain has begun and whatever `committing` tracks has ended, so that it
/// tells what they committed last.
pub fn spawn_relay(process: &Process, relay: Relay, committing: TaskTracker) {
    let heartbeat = process.health().register_loop("relay", LONGEST_SILENCE);
    let stopping = process.stopping();
    process.spawn("relay", async move {
        let stop = async {
            stopping.cancelled().await;
            committing.close();
            committing.wait().await;
        };
        relay.run(heartbeat, stop).await;
        Ok(())
    });
}

/// Runs the check until the drain. What it is about to mend by then, another replica or the next start mends.
pub fn spawn_check(process: &Process, check: Check) {
    let heartbeat = process.health().register_loop("losses of the broker", LONGEST_MENDING);
    let stopping = process.stopping();
    process.spawn("losses of the broker", async move {
        check.run(heartbeat, stopping).await;
        Ok(())
    });
}
