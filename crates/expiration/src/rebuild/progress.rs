//! How far a rebuild is: in the log, in the metrics and at `/readyz`.

use std::time::Duration;

use metrics::gauge;
use process::health::Remark;
use tokio::time::Instant;
use tracing::{info, warn};

use super::loss::Loss;
use crate::schedule::Rebuilt;

/// Time between two lines of the log.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// A rebuild that has come to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    pub(super) took: Duration,
    pub(super) rebuilt: Rebuilt,
}

/// A rebuild under way.
#[derive(Debug)]
pub(super) struct Progress {
    remark: Remark,
    begun: Instant,
    told: Instant,
    /// Orders of which it is known that they have fired.
    pub(super) fired: usize,
    /// Messages that were read.
    pub(super) read: usize,
    pub(super) rebuilt: Rebuilt,
    /// Up to which message of the orders' stream it has come.
    pub(super) applied: u64,
    /// The message at which it ends; 0 until it is known.
    pub(super) last: u64,
}

impl Progress {
    pub(super) fn new(remark: &Remark, loss: &Loss) -> Self {
        info!("a rebuild of the schedule begins: {loss}");
        remark.set(format!("has begun: {loss}"));
        let (begun, told) = (Instant::now(), Instant::now());
        Self {
            remark: remark.clone(),
            begun,
            told,
            fired: 0,
            read: 0,
            rebuilt: Rebuilt::default(),
            applied: 0,
            last: 0,
        }
    }

    /// Tells of it, if that was long ago.
    pub(super) fn tell(&mut self) {
        gauge!("expiration_rebuild_position").set(self.applied as f64);
        gauge!("expiration_rebuild_last").set(self.last as f64);
        if self.told.elapsed() < TELL_EVERY {
            return;
        }
        self.told = Instant::now();
        let text = match self.last {
            0 => format!("reads what has fired: {} messages so far", self.read),
            last => format!(
                "is at message {} of {last} of the orders' stream; {} orders have fired, {} timers are back",
                self.applied, self.fired, self.rebuilt.added
            ),
        };
        info!("the rebuild of the schedule {text}");
        self.remark.set(text);
    }

    /// Tells that it is over. What came back was lost, which somebody should hear of.
    pub(super) fn end(&self) -> Done {
        let Rebuilt { added, extended, removed } = self.rebuilt;
        let took = self.begun.elapsed();
        let text = format!(
            "the schedule is rebuilt after {:.3} s up to message {} of the orders' stream: {} messages read, {added} \
             timers came back, {extended} moved, {removed} removed",
            took.as_secs_f64(),
            self.last,
            self.read,
        );
        if added > 0 {
            warn!("{text}");
        } else {
            info!("{text}");
        }
        Done { took, rebuilt: self.rebuilt }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        gauge!("expiration_rebuild_position").set(0.0);
        gauge!("expiration_rebuild_last").set(0.0);
    }
}
