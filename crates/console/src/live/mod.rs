//! The status as it changes, by Server-Sent Events. One look, written once, is shared by everybody who looks on.

mod places;
mod stream;

use std::{sync::Arc, time::Duration};

use axum::response::Response;
use bytes::Bytes;
use common::operator::Status;
use metrics::{describe_gauge, gauge};
use process::Process;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep},
};

use crate::{
    failure::Failure,
    status::{self, Sampler},
};
use places::Places;

/// Between two looks while somebody looks on.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);
/// Somebody who looks on is told at least as often, also when nothing changes.
const LONGEST_SILENCE: Duration = Duration::from_secs(5);
const LOOP_LIMIT: Duration = Duration::from_secs(60);

/// Everybody who looks on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Live {
    places: Places,
    told: watch::Sender<Bytes>,
    /// Somebody has come.
    come: Arc<Notify>,
}

impl Live {
    /// For at most so many at one time.
    pub fn new(most_streams: usize) -> Self {
        describe_gauge!("live_streams", "Pages and terminals that look on at this moment.");
        gauge!("live_streams").set(0.0);
        Self {
            places: Places::new(most_streams),
            told: watch::Sender::new(Bytes::new()),
            come: Arc::default(),
        }
    }

    /// Looks for as long as somebody looks on, until the drain, which ends all streams: readers come back by themselves.
    pub fn spawn(&self, sampler: Sampler, process: &Process) {
        let (live, stop) = (self.clone(), process.stopping());
        let heartbeat = process.health().register_loop("live", LOOP_LIMIT);
        process.spawn("live", async move {
            let looking = async {
                loop {
                    heartbeat.beat();
                    if live.places.is_empty() {
                        // Nobody is there; the beat goes on.
                        tokio::select! {
                            () = live.come.notified() => {}
                            () = sleep(LOOP_LIMIT / 4) => continue,
                        }
                    }
                    live.tell(&sampler, &heartbeat).await;
                }
            };
            tokio::select! {
                () = looking => {}
                () = stop.cancelled() => {}
            }
            live.places.close();
            // Wakes every reader, who finds the end.
            live.told.send_replace(Bytes::new());
            Ok(())
        });
    }

    /// Tells of each change until nobody is there.
    async fn tell(&self, sampler: &Sampler, heartbeat: &process::health::Heartbeat) {
        let mut last: Option<(Instant, Arc<Status>)> = None;
        while !self.places.is_empty() {
            heartbeat.beat();
            let begun = Instant::now();
            let status = sampler.status().await;
            let is_news = last
                .as_ref()
                .is_none_or(|(at, last)| at.elapsed() > LONGEST_SILENCE || !status::is_same(last, &status));
            if is_news {
                self.told.send_replace(message(&status));
                last = Some((begun, status));
            }
            sleep(BETWEEN_LOOKS.saturating_sub(begun.elapsed())).await;
        }
    }

    /// The answer that goes on for as long as somebody looks on.
    ///
    /// # Errors
    /// 503 when too many do.
    pub async fn open(&self, sampler: &Sampler) -> Result<Response, Failure> {
        let too_many =
            || Failure { retry_after_s: Some(30), ..Failure::away("Too many look on, try again later") };
        let place = self.places.take().ok_or_else(too_many)?;
        let told = self.told.subscribe();
        self.come.notify_one();
        let first = message(&*sampler.status().await);
        Ok(stream::open(&first, told, place))
    }
}

/// Written once, whoever many read it. JSON has no line feed of its own.
fn message(status: &Status) -> Bytes {
    let json = serde_json::to_string(status).unwrap_or_default();
    format!("event: status\ndata: {json}\n\n").into()
}
