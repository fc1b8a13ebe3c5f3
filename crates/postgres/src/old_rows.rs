//! Rows that nobody needs any more are taken away, batch by batch, now and then.

use std::time::Duration;

use process::Process;
use tracing::{info, warn};

const INTERVAL: Duration = Duration::from_secs(10 * 60);
/// Above one interval and the statements in it.
const LONGEST_SILENCE: Duration = Duration::from_secs(20 * 60);

/// Runs `forget`, a statement that takes away `batch` rows at most and says how many those were, until nothing is left for it.
/// Answers how many that were.
///
/// # Errors
/// When Postgres is away. What was taken away by then stays so.
pub async fn forget_all<F>(batch: u64, forget: impl Fn() -> F) -> sqlx::Result<u64>
where
    F: Future<Output = sqlx::Result<u64>>,
{
    let mut forgotten = 0;
    loop {
        let some = forget().await?;
        forgotten += some;
        if some < batch {
            return Ok(forgotten);
        }
    }
}

/// Runs `round` every ten minutes until the drain, whatever fails; `what` names the rows in the log. Several processes may do so
/// at once. Called by `main`.
pub fn spawn_forgetting<F>(
    process: &Process,
    name: &'static str,
    what: &'static str,
    round: impl Fn() -> F + Send + Sync + 'static,
) where
    F: Future<Output = anyhow::Result<u64>> + Send,
{
    let heartbeat = process.health().register_loop(name, LONGEST_SILENCE);
    let stop = process.stopping();
    process.spawn(name, async move {
        let rounds = async {
            loop {
                heartbeat.beat();
                match round().await {
                    Ok(0) => {}
                    Ok(count) => info!(count, "removed {count} old {what}"),
                    Err(error) => warn!("the old {what} wait: {error:#}"),
                }
                tokio::time::sleep(INTERVAL).await;
            }
        };
        stop.run_until_cancelled(rounds).await;
        Ok(())
    });
}
