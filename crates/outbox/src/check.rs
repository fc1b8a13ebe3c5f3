//! The check: whether the broker has lost what it had acknowledged, and whether a listener has missed what fell out of the stream.
//!
//! A loop of each process, every two seconds and at once after the connection was lost. While all is well it costs the
//! broker a question for each consumer and a few more, makes a mark a minute, and takes away what relays remembered and need not
//! any more. What is done otherwise is in `mend.rs`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use common::{Service, event::Subject};
use messaging::{StreamState, topology};
use metrics::gauge;
use postgres::within;
use process::{health::Heartbeat, telemetry::begin_at_zero};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{
    Wake,
    floor::Floor,
    marks::{self, Mark},
    mend::{Mended, Mender, listeners_of},
    taken::{self, Standing, Taken},
    told::{self, Remembered},
};

const INTERVAL: Duration = Duration::from_secs(2);
/// Between two looks at whether the connection is another one.
const TICK: Duration = Duration::from_millis(250);
/// A listener that is so slow that events fall out before it comes, over and over, is told again no more often than this.
const GAP_INTERVAL: Duration = Duration::from_secs(60);
/// How long checks may fail before that is told.
const PATIENCE: Duration = Duration::from_secs(60);
/// Statements of a look, which are short.
const LOOK_LIMIT: Duration = Duration::from_secs(10);

/// Looks for losses, and mends them. One in each process; of several, one mends.
#[derive(Debug)]
pub struct Check {
    mender: Mender,
    /// Of the relay, which has something to tell after mending.
    wake: Wake,
    /// Rung by the relay when it misses what it remembers.
    suspicion: Wake,
    floor: Floor,
    listeners: Vec<(Service, Subject)>,
    /// Consumers of which was warned that they are away.
    away: BTreeSet<String>,
    /// When what they had missed was told again last.
    gaps: BTreeMap<String, Instant>,
}

/// The result of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// Nothing is lost, or another replica mends it.
    Well,
    /// So many events are told again.
    ToldAgain(u64),
}

/// What Postgres says at the begin of a check.
#[derive(Debug)]
struct Seen {
    rows: Vec<Remembered>,
    taken: Vec<Taken>,
    /// If it is time for a mark.
    since: Option<DateTime<Utc>>,
}

impl Check {
    pub(crate) fn new(mender: Mender, wake: Wake, suspicion: Wake) -> Self {
        begin_at_zero("outbox_losses_total");
        begin_at_zero("outbox_told_again_total");
        let listeners = listeners_of(mender.publisher());
        let floor = Floor::of_told();
        Self { mender, wake, suspicion, floor, listeners, away: BTreeSet::new(), gaps: BTreeMap::new() }
    }

    /// Looks once, and mends what it finds.
    ///
    /// # Errors
    /// When Postgres or the broker is away. What was to be mended is found again the next time.
    pub async fn run_once(&mut self) -> anyhow::Result<Checked> {
        // In this order, or a mark would say what is not so: see `marks.rs`.
        let seen = within(LOOK_LIMIT, self.read()).await.context("read what the relays remember")?;
        let state = self.mender.broker.stream_state(self.mender.publisher()).await?;
        let is_lost = match state {
            Some(_) => !self.mender.missing(&seen.rows).await?.is_empty(),
            None => !seen.rows.is_empty(),
        };
        let mended = match state {
            _ if is_lost => {
                // Boxed, or each check would have room for the mending.
                let mending = Box::pin(self.mender.after_loss());
                mending.await.context("tell again what the broker has lost")?
            }
            Some(state) => {
                within(LOOK_LIMIT, self.keep(&seen, &state)).await.context("note that all is well")?;
                self.look_at_listeners(&seen.taken, &state).await?
            }
            None => None,
        };
        let Some(Mended { events }) = mended else { return Ok(Checked::Well) };
        self.wake.ring();
        Ok(Checked::ToldAgain(events))
    }

    async fn read(&self) -> sqlx::Result<Seen> {
        let mut connection = self.mender.database.connection().await?;
        let horizon = marks::horizon(&mut connection).await?;
        let told::Seen { rows, since } = told::read(&mut connection, self.floor.behind(), horizon).await?;
        let taken = taken::read(&mut connection).await?;
        connection.release();
        Ok(Seen { rows, taken, since })
    }

    /// Notes that all is well.
    async fn keep(&self, seen: &Seen, state: &StreamState) -> sqlx::Result<()> {
        if seen.since.is_some() || seen.rows.len() > 1 {
            let mut connection = self.mender.database.connection().await?;
            told::prune(&mut connection, &seen.rows).await?;
            if let Some(since) = seen.since {
                marks::make(&mut connection, Mark { place: state.last_place(), since }).await?;
            }
            connection.release();
        }
        self.floor.step(&self.mender.database).await
    }

    /// Looks whether something fell out of the stream before a listener came for it, and notes how far each has come.
    async fn look_at_listeners(
        &mut self,
        noted: &[Taken],
        state: &StreamState,
    ) -> anyhow::Result<Option<Mended>> {
        let floors = self.mender.broker.floors(&self.listeners).await.context("look at the consumers")?;
        // Asked once more: a consumer that waits for nothing has taken everything, or it fell out a moment ago.
        let after = self.mender.broker.stream_state(self.mender.publisher()).await?;
        let Some(after) = after.filter(|after| after.created_ns == state.created_ns) else { return Ok(None) };
        let (first, last) = (after.first_sequence, state.last_sequence);
        let (mut well, mut behind, mut back) = (Vec::new(), Vec::new(), Vec::new());
        for ((service, subject), floor) in self.listeners.iter().zip(floors) {
            let Some(floor) = floor else { continue };
            let consumer = topology::durable_name(*service, *subject);
            let of_it = |taken: &&Taken| taken.consumer == consumer && taken.created_ns == state.created_ns;
            let before = noted.iter().find(of_it);
            let sequence = before.map(|before| before.sequence);
            let standing = Standing::of(sequence, &floor, first, last);
            tell_of(&mut self.away, &consumer, standing);
            let taken =
                |sequence| Taken { consumer: consumer.clone(), created_ns: state.created_ns, sequence };
            match standing {
                Standing::Well(now) if Some(now) != sequence => well.push(taken(now)),
                Standing::Well(_) | Standing::Away(_) => {}
                Standing::Back(_)
                    if self.gaps.get(&consumer).is_some_and(|at| at.elapsed() < GAP_INTERVAL) => {}
                Standing::Back(_) => {
                    behind.extend(before.cloned());
                    back.push(taken(floor.taken(last).max(first.saturating_sub(1))));
                }
            }
        }
        within(LOOK_LIMIT, self.raise(&well)).await.context("note how far the consumers have come")?;
        if behind.is_empty() {
            return Ok(None);
        }
        let mended = Box::pin(self.mender.after_gap(&behind, &back)).await;
        let mended = mended.context("tell again what fell out of the stream")?;
        self.gaps.extend(behind.into_iter().map(|taken| (taken.consumer, Instant::now())));
        Ok(mended)
    }

    async fn raise(&self, taken: &[Taken]) -> sqlx::Result<()> {
        if taken.is_empty() {
            return Ok(());
        }
        let mut connection = self.mender.database.connection().await?;
        taken::raise(&mut connection, taken).await?;
        connection.release();
        Ok(())
    }

    /// Checks until `stop`, whatever fails.
    pub async fn run(mut self, heartbeat: Heartbeat, stop: CancellationToken) {
        let mut failures = Failures::default();
        loop {
            heartbeat.beat();
            let connection = self.mender.broker.connection_number();
            match stop.run_until_cancelled(self.run_once()).await {
                None => return,
                Some(Ok(_)) => failures.ended(),
                Some(Err(error)) => failures.tell(&error),
            }
            if stop.run_until_cancelled(self.pause(connection)).await.is_none() {
                return;
            }
        }
    }

    /// Until the next check is due, the relay misses something, or the connection is another one than `before`.
    async fn pause(&self, before: u64) {
        let reconnected = async {
            while self.mender.broker.connection_number() == before {
                tokio::time::sleep(TICK).await;
            }
        };
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = self.suspicion.rung() => {}
            () = reconnected => {}
        }
    }
}

/// Checks that failed one after the other. That a server is away is told by those that need it; what lasts longer, such as a right
/// that is missing, is told once.
#[derive(Debug, Default)]
struct Failures {
    since: Option<Instant>,
    is_told: bool,
}

impl Failures {
    fn tell(&mut self, error: &anyhow::Error) {
        let lasted = self.since.get_or_insert_with(Instant::now).elapsed();
        if lasted < PATIENCE || self.is_told {
            debug!("could not check for losses of the broker: {error:#}");
            return;
        }
        self.is_told = true;
        warn!("it can't be checked whether the broker has lost something: {error:#}");
    }

    fn ended(&mut self) {
        if std::mem::take(self).is_told {
            info!("it is checked again whether the broker has lost something");
        }
    }
}

/// The gauge `outbox_missed_events` of a consumer, and one warning for each time that it is away.
fn tell_of(away: &mut BTreeSet<String>, consumer: &str, standing: Standing) {
    let missed = match standing {
        Standing::Well(_) => 0,
        Standing::Away(missed) | Standing::Back(missed) => missed,
    };
    gauge!("outbox_missed_events", "consumer" => consumer.to_owned()).set(missed as f64);
    match standing {
        Standing::Away(_) if away.insert(consumer.to_owned()) => warn!(
            consumer,
            missed,
            "{missed} messages fell out of the stream before {consumer} came for them: what they told of is told again once it \
             is back"
        ),
        Standing::Well(_) => drop(away.remove(consumer)),
        Standing::Away(_) | Standing::Back(_) => {}
    }
}
