//! Time passes, and timers fire.

use std::time::Duration;

use anyhow::Result;
use common::clock;
use tokio::time::Instant;

use super::{AT_REST, LOOK, SWEPT, Story, wait::wait};
use crate::{plan::Ending, text};

impl Story<'_> {
    /// Waits until the timers of the first orders have fired, but never until those of the last would.
    pub(super) async fn timers_fire(&self) -> Result<()> {
        let last = self.plan.last.len();
        let entries = self.ledger.entries();
        let of = |lost: bool| entries.iter().filter(move |entry| (entry.role.ending == Ending::Lost) == lost);
        let first_due_ms = of(false).map(|entry| entry.expires_at.as_millis()).min().unwrap_or_default();
        let too_late_ms = of(true).map(|entry| entry.expires_at.as_millis()).min().unwrap_or_default() - 500;
        self.narrator.act(format!(
            "now time passes, until {}: paid orders stay, all others are cancelled the moment they expire",
            text::clock(first_due_ms)
        ));
        loop {
            let left_ms = too_late_ms - clock::now_ms();
            if left_ms <= 0 || self.rest.timers().await? <= last {
                return Ok(());
            }
            tokio::time::sleep(LOOK.min(Duration::from_millis(left_ms.unsigned_abs()))).await;
        }
    }

    /// Waits until those have fired as well.
    pub(super) async fn last_timers_fire(&self) -> Result<()> {
        let entries = self.ledger.entries();
        let due_ms = entries.iter().map(|entry| entry.expires_at.as_millis()).max().unwrap_or_default();
        self.narrator.act(format!(
            "what was lost is back: the last orders are cancelled as they expire, until {}",
            text::clock(due_ms)
        ));
        let left_ms = u64::try_from(due_ms - clock::now_ms()).unwrap_or_default();
        let limit = Duration::from_millis(left_ms) + SWEPT;
        wait("every unpaid order is cancelled", limit, async || self.rest.unpaid().await).await
    }

    /// What does not come to rest is for the summary to tell.
    pub(super) async fn come_to_rest(&self) -> Result<()> {
        let deadline = Instant::now() + AT_REST;
        while !self.rest.unrest().await?.is_empty() && Instant::now() < deadline {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}
