//! How far the consumers were given messages by the time a rebuild begins.

use std::time::Duration;

use messaging::{Broker, Floor};
use tokio::time::{Instant, sleep};

use super::advance::LISTENERS;

/// How long a consumer that is missing is waited for. The loops that make them begin together with the first look.
const PATIENCE: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(10);

/// The floors of [`LISTENERS`], in their order, once all of them are there: else a worker that starts with a backlog in front of
/// it would read all of that here too. `None`: it is still missing.
///
/// # Errors
/// When the broker does not answer.
pub(super) async fn floors(broker: &Broker) -> anyhow::Result<Vec<Option<Floor>>> {
    once_there(|| broker.floors(&LISTENERS)).await
}

async fn once_there<F>(ask: impl Fn() -> F) -> anyhow::Result<Vec<Option<Floor>>>
where
    F: Future<Output = anyhow::Result<Vec<Option<Floor>>>>,
{
    let begun = Instant::now();
    loop {
        let floors = ask().await?;
        if floors.iter().all(Option::is_some) || begun.elapsed() >= PATIENCE {
            return Ok(floors);
        }
        sleep(PAUSE).await;
    }
}

/// Up to which message any of the consumers was given some. One that is missing may begin anywhere once it is there, and one that
/// is ahead of its stream begins behind it.
pub(super) fn up_to(floors: &[Option<Floor>], last: u64) -> u64 {
    let of = |floor: &Option<Floor>| match floor {
        Some(floor) if !floor.is_ahead_of(last) => floor.delivered.max(floor.acked),
        _ => last,
    };
    floors.iter().map(of).max().unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn floor(delivered: u64) -> Option<Floor> {
        Some(Floor { acked: 0, delivered, pending: 0, in_hand: 0, waiting: 0 })
    }

    #[tokio::test(start_paused = true)]
    async fn consumers_that_are_being_made_are_waited_for() {
        let asked = Cell::new(0);
        let ask = || {
            asked.set(asked.get() + 1);
            let second = if asked.get() == 3 { floor(1) } else { None };
            async move { Ok(vec![floor(2), second]) }
        };
        let floors = once_there(ask).await.unwrap();
        assert_eq!((up_to(&floors, 300_000), asked.get()), (2, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_nobody_makes_is_not_waited_for_long_and_may_begin_anywhere() {
        let floors = once_there(|| async { Ok(vec![floor(2), None]) }).await.unwrap();
        assert_eq!(up_to(&floors, 300_000), 300_000);
    }

    #[test]
    fn one_that_is_ahead_of_its_stream_counts_as_far_as_the_stream() {
        assert_eq!(up_to(&[floor(2), floor(12)], 10), 10);
    }
}
