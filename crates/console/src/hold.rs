//! The hold of `orders`' sweeper, which would cancel what waits on purpose. It is set with a pause, and kept long enough
//! while one lasts: orders that are placed meanwhile wait too. Without `console` it only ends earlier.

use std::time::Duration;

use common::{
    event::Timestamp,
    internal::{PauseState, SweeperHold},
};
use process::Process;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, warn};

use crate::{
    orders::text::plus,
    peers::{PeerError, Peers},
};

/// Longer than claims, a broker that is slow for a moment and clocks that differ take together.
const MARGIN_MS: i64 = 15_000;
/// `orders` takes eight days, by a clock of its own.
const LONGEST_HOLD_MS: i64 = 8 * 24 * 3_600_000 - 600_000;
/// Between two looks at a pause; well within the margin.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);
/// Looks without a pause after which a hold is a leftover: of a console that ended, or that looked while another resumed. A
/// pause is begun within less.
const LEFTOVER_LOOKS: u32 = 3;
/// Calls to services that are away take some seconds each.
const LOOP_LIMIT: Duration = Duration::from_secs(120);

/// Until when the sweeper is held after a pause that ends then: `orders` takes no later instant than eight days from now.
pub(crate) fn held_until(end: Timestamp, spread_ms: i64, now: Timestamp) -> Timestamp {
    let until = plus(end, spread_ms.saturating_add(MARGIN_MS));
    until.min(plus(now, LONGEST_HOLD_MS))
}

/// How long it takes to fire so many at that rate, in ms.
pub(crate) fn spread_ms(waiting: u64, rate: Option<u32>) -> i64 {
    let ms = rate.map_or(0, |rate| waiting.saturating_mul(1_000).div_ceil(u64::from(rate)));
    i64::try_from(ms).unwrap_or(i64::MAX / 2).min(i64::MAX / 2)
}

/// Keeps the hold while a pause lasts, until the drain. Called by `start`.
pub(crate) fn spawn(peers: Peers, process: &Process) {
    let heartbeat = process.health().register_loop("sweeper hold", LOOP_LIMIT);
    let stop = process.stopping();
    process.spawn("sweeper hold", async move {
        let keeping = async {
            let mut looks = interval(BETWEEN_LOOKS);
            looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut without_pause = 0;
            loop {
                looks.tick().await;
                heartbeat.beat();
                if let Err(error) = keep(&peers, &mut without_pause).await {
                    debug!("the sweeper's hold is left as it is: {error}");
                }
            }
        };
        stop.run_until_cancelled(keeping).await;
        Ok(())
    });
}

/// `without_pause` is the number of looks since one was seen.
async fn keep(peers: &Peers, without_pause: &mut u32) -> Result<(), PeerError> {
    let schedule = peers.schedule().await?;
    let now = schedule.clocks.redis;
    *without_pause = if schedule.pause.is_some() { 0 } else { without_pause.saturating_add(1) };
    if schedule.pause.is_none() && *without_pause < LEFTOVER_LOOKS {
        return Ok(());
    }
    let held = peers.sweeper_hold().await?.held_until;
    match &schedule.pause {
        Some(pause) => {
            let wanted = wanted(pause, now);
            if held.is_none_or(|held| held < wanted) {
                peers.hold_sweeper(&SweeperHold { held_until: Some(wanted) }).await?;
            }
        }
        None if held.is_some_and(|held| held > plus(now, MARGIN_MS)) => {
            warn!("the sweeper was held though the schedule is not paused, and sweeps again");
            peers.hold_sweeper(&SweeperHold::default()).await?;
        }
        None => {}
    }
    Ok(())
}

/// Until when it has to be held, as far as is known now.
fn wanted(pause: &PauseState, now: Timestamp) -> Timestamp {
    let (end, waiting) =
        if pause.paused { (pause.until, pause.waiting + pause.falling_due) } else { (now, pause.waiting) };
    held_until(end, spread_ms(waiting, pause.rate), now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sweeper_is_held_for_as_long_as_the_rest_takes_at_its_rate() {
        assert_eq!(spread_ms(1_001, Some(100)), 10_010);
        assert_eq!(spread_ms(1_000_000, None), 0);
        assert!(spread_ms(u64::MAX, Some(1)) > 0);
    }

    #[test]
    fn what_falls_due_during_a_pause_counts_and_afterwards_what_is_left() {
        let at = Timestamp::from_millis;
        let pause = PauseState {
            paused: true,
            since: at(0),
            until: at(100_000),
            rate: Some(10),
            by: "ann".to_owned(),
            waiting: 20,
            falling_due: 30,
        };
        assert_eq!(wanted(&pause, at(50_000)), at(100_000 + 5_000 + MARGIN_MS));
        let left = PauseState { paused: false, ..pause.clone() };
        assert_eq!(wanted(&left, at(150_000)), at(150_000 + 2_000 + MARGIN_MS));
        let endless = PauseState { waiting: u64::MAX / 2, ..pause };
        assert_eq!(wanted(&endless, at(0)), at(LONGEST_HOLD_MS));
    }
}
