//! Keeps the index as the broker has the dead letters: reads them once, then follows, and looks now and then whether some are
//! gone.

use std::{sync::Arc, time::Duration};

use anyhow::anyhow;
use messaging::{DeadLetterBox, LetterTail};
use process::outage::Outage;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::Letters;

/// Between two looks at how many there are.
const COMPARE_INTERVAL: Duration = Duration::from_secs(5);
/// Until it begins again after a failure, or looks again for a stream that is not there.
const PAUSE: Duration = Duration::from_secs(1);
/// How long the next letter of a look may take.
const LOOK_LIMIT: Duration = Duration::from_secs(10);

/// Until `stop`, through every error.
pub(super) async fn follow(letters: Arc<Letters>, stop: CancellationToken) {
    let outage = Outage::new(Duration::ZERO);
    loop {
        let Some(ended) = stop.run_until_cancelled(session(&letters, &outage)).await else { return };
        match ended {
            Ok(()) => {}
            Err(error) if outage.failed().is_some() => warn!("the dead letters can't be followed: {error:#}"),
            Err(error) => debug!("the dead letters can't be followed: {error:#}"),
        }
        if stop.run_until_cancelled(sleep(PAUSE)).await.is_none() {
            return;
        }
    }
}

/// On one connection to one stream.
async fn session(letters: &Letters, outage: &Outage) -> anyhow::Result<()> {
    let state = letters.there.state().await?;
    letters.index().compare(state);
    if state.created_ns == 0 {
        return Ok(());
    }
    let after = letters.index().last();
    let mut tail = letters.there.tail(after, true).await?;
    if outage.succeeded().is_some() {
        info!("the dead letters are followed again");
    }
    let mut looks = interval(COMPARE_INTERVAL);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut differed = false;
    loop {
        tokio::select! {
            letter = tail.next() => letters.index().add(&letter.map_err(|reason| anyhow!(reason))?),
            _ = looks.tick() => {
                differed = compare(letters, &tail, state.created_ns, differed).await?;
            }
        }
    }
}

/// Whether there are fewer than the index has, or more; the second time in a row it finds out which.
async fn compare(
    letters: &Letters,
    tail: &LetterTail,
    created_ns: i64,
    differed: bool,
) -> anyhow::Result<bool> {
    anyhow::ensure!(!tail.is_cut_off(), "the connection was lost");
    let state = letters.there.state().await?;
    anyhow::ensure!(state.created_ns == created_ns, "the stream was made anew");
    let differs = {
        let mut index = letters.index();
        index.compare(state);
        index.is_caught_up() && index.len() != state.count
    };
    if differs && differed {
        let last = letters.index().last();
        let (there, last) = look(&letters.there, last).await?;
        letters.index().keep(&there, last);
        return Ok(false);
    }
    Ok(differs)
}

/// The sequences that are there up to `last`, and up to which one it has looked.
async fn look(there: &DeadLetterBox, last: u64) -> anyhow::Result<(Vec<u64>, u64)> {
    let mut sequences = Vec::new();
    if there.state().await?.count == 0 {
        return Ok((sequences, last));
    }
    let mut tail = there.tail(0, false).await?;
    loop {
        let letter = timeout(LOOK_LIMIT, tail.next()).await?.map_err(|reason| anyhow!(reason))?;
        if letter.sequence <= last {
            sequences.push(letter.sequence);
        }
        if letter.sequence >= last || letter.pending == 0 {
            return Ok((sequences, last));
        }
    }
}
