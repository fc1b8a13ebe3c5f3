//! Waiting for a state that is on its way.

use std::time::Duration;

use anyhow::{Result, anyhow, bail};

use crate::text;
use testkit::poll;

/// Waits until `state` answers `None`; else it says how it is.
pub(super) async fn wait(
    what: &str,
    limit: Duration,
    mut state: impl AsyncFnMut() -> Result<Option<String>>,
) -> Result<()> {
    let waited = poll(limit, async || match state().await {
        Ok(None) => Ok(Ok(())),
        Ok(Some(state)) => Err(state),
        Err(error) => Ok(Err(error)),
    });
    match waited.await {
        Ok(done) => done,
        Err(last) => bail!(anyhow!("{what}: not within {limit:?}; at last: {last}")),
    }
}

/// `1 seat is`, `2 seats are`
pub(super) fn are(number: usize, what: &str) -> String {
    format!("{} {}", text::some(number, what), if number == 1 { "is" } else { "are" })
}
