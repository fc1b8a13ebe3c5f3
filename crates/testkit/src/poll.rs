//! Waiting on a condition with a bound, instead of sleeping and hoping.

use std::{
    panic::Location,
    time::{Duration, Instant},
};

const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(50);

/// Asks `probe` again and again until it answers `Ok`, and returns that; an `Err` says what the state is by now.
///
/// The first question is asked at once, then after 1 ms, and ever more slowly up to 50 ms.
///
/// # Panics
/// After `limit`, with `what` was awaited, the limit, the last state and the caller's line.
#[track_caller]
pub fn eventually<T>(
    what: &str,
    limit: Duration,
    probe: impl AsyncFnMut() -> Result<T, String>,
) -> impl Future<Output = T> {
    let caller = Location::caller();
    async move {
        match poll(limit, probe).await {
            Ok(value) => value,
            Err(last) => panic!("{caller}: {what}: not within {limit:?}; at last: {last}"),
        }
    }
}

/// [`eventually`] without the panic: the error is the last state.
pub async fn poll<T>(
    limit: Duration,
    mut probe: impl AsyncFnMut() -> Result<T, String>,
) -> Result<T, String> {
    let deadline = Instant::now() + limit;
    let mut pause = SHORTEST;
    let mut last = String::from("the first probe has not answered");
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        // A probe that hangs, as on a paused server, must not outlive the limit. The last one gets a moment to answer.
        match tokio::time::timeout(left.max(SHORTEST), probe()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(state)) => last = state,
            Err(_) => return Err(format!("{last} (the last probe did not answer)")),
        }
        if left.is_zero() {
            return Err(last);
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 3 / 2).min(LONGEST);
    }
}
