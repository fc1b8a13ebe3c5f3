//! What of the checkpoint and of rebuilds is counted.

use messaging::Place;
use metrics::{counter, gauge};
use process::telemetry::begin_at_zero;
use tokio::time::Instant;
use tracing::warn;

use super::progress::Done;

#[derive(Debug)]
pub(super) struct Figures {
    /// The checkpoint's place in the orders' stream, and when it was last seen to move or to be at the end.
    level: Option<(Place, Instant)>,
    /// How many timers are due later than the orders' stream keeps their event.
    beyond: u64,
}

impl Figures {
    pub(super) fn new() -> Self {
        begin_at_zero("expiration_rebuilds_total");
        begin_at_zero("expiration_restored_total");
        for name in ["position", "last", "seconds"] {
            gauge!(format!("expiration_rebuild_{name}")).set(0.0);
        }
        gauge!("expiration_checkpoint_holds").set(0.0);
        gauge!("expiration_checkpoint_age_seconds").set(0.0);
        gauge!("expiration_beyond_retention").set(0.0);
        Self { level: None, beyond: 0 }
    }

    /// The checkpoint does not hold.
    pub(super) fn lost(&mut self) {
        gauge!("expiration_checkpoint_holds").set(0.0);
        self.age(false);
    }

    /// It does, with this place; `is_level` if that is where it should be.
    pub(super) fn holds(&mut self, place: Place, is_level: bool) {
        gauge!("expiration_checkpoint_holds").set(1.0);
        let has_moved = self.level.is_none_or(|(before, _)| before != place);
        if has_moved {
            self.level = Some((place, Instant::now()));
        }
        self.age(is_level);
    }

    fn age(&mut self, is_level: bool) {
        let now = Instant::now();
        if let Some((_, since)) = &mut self.level {
            if is_level {
                *since = now;
            }
            gauge!("expiration_checkpoint_age_seconds").set((now - *since).as_secs_f64());
        }
    }

    pub(super) fn rebuilt(&self, done: &Done) {
        counter!("expiration_rebuilds_total").increment(1);
        counter!("expiration_restored_total").increment(done.rebuilt.added);
        gauge!("expiration_rebuild_seconds").set(done.took.as_secs_f64());
    }

    /// Warns when there are some, and not again while there are.
    pub(super) fn beyond_retention(&mut self, beyond: u64) {
        gauge!("expiration_beyond_retention").set(beyond as f64);
        if beyond > 0 && self.beyond == 0 {
            warn!(
                "{beyond} timers are due later than the orders' stream keeps their event: if Redis loses them they can't come \
                 back. Give that stream a longer max_age"
            );
        }
        self.beyond = beyond;
    }
}
