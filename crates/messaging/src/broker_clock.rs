//! What time it is at the broker.

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Utc};
use common::clock;
use serde::Deserialize;

use super::Broker;

#[derive(Deserialize)]
struct Info {
    /// When the server answered.
    ts: DateTime<Utc>,
}

impl Broker {
    /// By how many milliseconds the broker's clock is ahead of this machine's, give or take half of the time that the
    /// question took. Negative if it is behind.
    ///
    /// # Errors
    /// When the broker does not answer, or the answer has no time: servers before 2.10 leave it out.
    pub async fn clock_ahead_ms(&self) -> anyhow::Result<i64> {
        let topology = self.provisioner().topology();
        let subject = format!("$JS.API.STREAM.INFO.{}", topology.dead_letter_stream_name());
        let asked = clock::now_ms();
        let answer =
            self.client().request(subject, "".into()).await.context("ask the broker for the time")?;
        let answered = clock::now_ms();
        let Info { ts } = serde_json::from_slice(&answer.payload).context("read the broker's time")?;
        ensure!(answered >= asked, "this machine's clock was set back");
        Ok(ts.timestamp_millis() - (asked + (answered - asked) / 2))
    }
}
