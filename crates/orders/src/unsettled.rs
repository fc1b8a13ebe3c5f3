//! Money that is owed, as a metric: rejected payments of which nobody has said what became of them.

use std::time::Duration;

use process::health::Heartbeat;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::store::Store;

const INTERVAL: Duration = Duration::from_secs(10);

/// Measures until `stop`, whatever fails.
pub async fn measure(store: Store, heartbeat: Heartbeat, stop: CancellationToken) {
    loop {
        heartbeat.beat();
        let measured = tokio::select! {
            () = stop.cancelled() => return,
            measured = store.measure_unsettled() => measured,
        };
        if let Err(error) = measured {
            debug!("can't count the unsettled payments: {error}");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}
