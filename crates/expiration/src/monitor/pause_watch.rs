//! Says what a pause does, where people look: `/readyz`, `/aboutz`, the metrics and the log.

use metrics::gauge;
use process::health::{Health, Remark};
use tracing::{info, warn};

use crate::schedule::{Schedule, Waiting};

/// What was seen of a pause.
#[derive(Debug)]
pub(super) struct PauseWatch {
    remark: Remark,
    last: Option<Waiting>,
}

impl PauseWatch {
    pub(super) fn new(health: &Health) -> Self {
        let watch = Self { remark: health.register_remark("the schedule"), last: None };
        watch.export();
        watch
    }

    /// Looks once. Without an answer of Redis it goes on saying what it saw last: that Redis is away is told elsewhere.
    pub(super) async fn look(&mut self, schedule: &Schedule) {
        if let Ok(now) = schedule.waiting().await {
            self.set(now);
        }
    }

    fn set(&mut self, now: Option<Waiting>) {
        match (&self.last, &now) {
            (Some(before), Some(now)) if before.paused == now.paused && before.until == now.until => {}
            (_, Some(Waiting { paused: true, until, by, .. })) => {
                warn!("timers are paused until {until} by {by}");
            }
            (_, Some(Waiting { waiting, .. })) => info!("timers go on, and {waiting} that waited at a rate"),
            (Some(_), None) => info!("timers go on as they fall due: nothing waits any more"),
            (None, None) => {}
        }
        match &now {
            None => self.remark.clear(),
            Some(Waiting { paused: true, until, by, waiting }) => {
                self.remark
                    .set(format!("is paused until {until} by {by}: {waiting} timers are due and wait"));
            }
            Some(Waiting { waiting, .. }) => {
                self.remark.set(format!("was paused: {waiting} timers still wait and are fired at a rate"));
            }
        }
        self.last = now;
        self.export();
    }

    fn export(&self) {
        let paused = self.last.as_ref().is_some_and(|last| last.paused);
        let waiting = self.last.as_ref().map_or(0, |last| last.waiting);
        gauge!("expiration_paused").set(f64::from(u8::from(paused)));
        gauge!("expiration_paused_waiting").set(waiting as f64);
    }
}
