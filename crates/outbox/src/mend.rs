//! What is done once the broker has lost what it had acknowledged, or a listener has missed what fell out of the stream.
//!
//! After a loss, in this order, from the beginning each time until the last is done:
//!
//! 1. The stream's last message is read, and the newest mark is looked for whose place the stream still has.
//! 2. Each consumer that is beyond the mark is made anew, to begin behind it: it would never be given what takes the lost
//!    sequences. By now the stream may have grown again, so nobody asks whether a consumer is ahead of it. Consumers come first: what is told
//!    again would be passed over by one that is still beyond.
//! 3. What was changed since the mark goes into the outbox, and the last message of 1 is remembered instead of what is lost, if that is
//!    still remembered.
//!
//! One transaction holds a lock from before 1 to the end, so that of several replicas one does it. The others find nothing to
//! do afterwards.

use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use common::{Service, event::Subject};
use futures_util::future::try_join_all;
use messaging::{Broker, Place, StreamState, topology};
use metrics::counter;
use postgres::{Database, Transaction};
use sqlx::PgConnection;
use tracing::{info, warn};

use crate::{
    marks::{self, Mark},
    retell::{self, Cause, Retelling},
    taken::{self, Taken},
    told::{self, Remembered},
};

/// For each statement: that which tells again reads whole tables.
const STATEMENT_LIMIT_MS: i64 = 300_000;
/// What one session at a time has while it tells again.
const LOCK: i64 = 0x7465_6C6C_0001;

/// What it takes to mend.
#[derive(Debug)]
pub(crate) struct Mender {
    pub(crate) database: Database,
    pub(crate) broker: Broker,
    pub(crate) retelling: &'static Retelling,
}

/// How much was told again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mended {
    pub(crate) events: u64,
}

impl Mender {
    pub(crate) fn publisher(&self) -> Service {
        self.broker.service()
    }

    /// Those of the remembered messages that the stream does not have any more.
    pub(crate) async fn missing(&self, rows: &[Remembered]) -> anyhow::Result<Vec<Remembered>> {
        let mut missing = Vec::new();
        for row in rows {
            if !self.broker.still_has(self.publisher(), row.place).await? {
                missing.push(*row);
            }
        }
        Ok(missing)
    }

    /// Mends a loss. `None`: there is none any more, or another replica mends it.
    pub(crate) async fn after_loss(&self) -> anyhow::Result<Option<Mended>> {
        let Some(mut transaction) = self.locked().await? else { return Ok(None) };
        let state = match self.broker.stream_state(self.publisher()).await? {
            Some(state) => state,
            None => self.new_stream().await?,
        };
        let remembered = told::read(&mut transaction, 0, None).await?.rows;
        let missing = self.missing(&remembered).await?;
        if missing.is_empty() {
            transaction.rollback().await?;
            return Ok(None);
        }
        let last = state.last_place();
        self.warn_of(&missing, last);
        let mark = self.usable_mark(&mut transaction, &state).await?;
        let since = match mark {
            Some(mark) => mark.since,
            None => self.everything(&mut transaction).await?,
        };
        let begun = self.put_right(mark, &state).await?;
        if !replace(&mut transaction, &missing, last).await? {
            transaction.rollback().await?;
            return Ok(None);
        }
        forget_other_streams(&mut transaction, state.created_ns).await?;
        taken::set(&mut transaction, &begun).await?;
        let events = retell::insert(&mut transaction, self.retelling, since, Cause::Lost).await?;
        transaction.commit().await?;
        counter!("outbox_losses_total").increment(1);
        counter!("outbox_told_again_total").increment(events);
        let consumers: Vec<&str> = begun.iter().map(|taken| taken.consumer.as_str()).collect();
        info!(
            events,
            consumers = consumers.join(" "),
            "what the broker had lost is told again: {events} events of what was changed since {since}; \
             {} consumers begin again",
            consumers.len()
        );
        Ok(Some(Mended { events }))
    }

    /// Tells listeners again what fell out of the stream before they came. `behind` is up to where each had taken everything, and
    /// `now` up to where it counts as taken from now on. `None`: another replica does it, or has.
    pub(crate) async fn after_gap(&self, behind: &[Taken], now: &[Taken]) -> anyhow::Result<Option<Mended>> {
        let Some(mut transaction) = self.locked().await? else { return Ok(None) };
        let noted = taken::read(&mut transaction).await?;
        if !behind.iter().all(|taken| noted.contains(taken)) {
            transaction.rollback().await?;
            return Ok(None);
        }
        let Some(since) = self.untaken(&mut transaction, behind).await? else {
            transaction.rollback().await?;
            return Ok(None);
        };
        taken::set(&mut transaction, now).await?;
        let events = retell::insert(&mut transaction, self.retelling, since, Cause::FellOut).await?;
        transaction.commit().await?;
        counter!("outbox_told_again_total").increment(events);
        let consumers: Vec<&str> = behind.iter().map(|taken| taken.consumer.as_str()).collect();
        let consumers = consumers.join(" ");
        info!(
            events,
            consumers,
            "what fell out of the stream before {consumers} came is told again: {events} events of what was changed \
             since {since}"
        );
        Ok(Some(Mended { events }))
    }

    async fn locked(&self) -> sqlx::Result<Option<Transaction>> {
        let mut transaction = self.database.begin().await?;
        let locked = sqlx::query_scalar("select pg_try_advisory_xact_lock($1)").bind(LOCK);
        if !locked.fetch_one(&mut *transaction).await? {
            transaction.rollback().await?;
            return Ok(None);
        }
        retell::limit(&mut transaction, STATEMENT_LIMIT_MS).await?;
        Ok(Some(transaction))
    }

    /// Nobody makes it who has nothing to publish.
    async fn new_stream(&self) -> anyhow::Result<StreamState> {
        self.broker.ensure_streams().await.context("make the stream anew")?;
        let state = self.broker.stream_state(self.publisher()).await?;
        state.context("the stream is not there, and was just made")
    }

    fn warn_of(&self, missing: &[Remembered], last: Place) {
        let newest = missing.iter().map(|row| row.place.sequence).max().unwrap_or_default();
        let stream = self.broker.topology().stream_name(self.publisher());
        warn!(
            stream,
            acknowledged = newest,
            last = last.sequence,
            "stream {stream} has lost what the broker had acknowledged: message {newest} was stored, and is not there; the last \
             one is {} now",
            last.sequence
        );
    }

    /// The newest mark whose place the stream still has.
    async fn usable_mark(
        &self,
        connection: &mut PgConnection,
        state: &StreamState,
    ) -> anyhow::Result<Option<Mark>> {
        for mark in marks::up_to(connection, state.created_ns, state.last_sequence).await? {
            if self.broker.still_has(self.publisher(), mark.place).await? {
                return Ok(Some(mark));
            }
        }
        Ok(None)
    }

    /// Since when to tell again without a mark: everything that the stream may have had, and what some listener has not taken.
    async fn everything(&self, connection: &mut PgConnection) -> anyhow::Result<DateTime<Utc>> {
        let taken = taken::read(connection).await?;
        let kept = self.retention();
        let kept = if kept.is_zero() { DateTime::UNIX_EPOCH } else { marks::ago(connection, kept).await? };
        let untaken = self.untaken(connection, &taken).await?;
        Ok(untaken.map_or(kept, |untaken| untaken.min(kept)))
    }

    /// Since when to tell again what consumers have not taken; `None` without any. Of one that has not taken what was there
    /// before the first mark, it is all that the stream may have had then.
    async fn untaken(
        &self,
        connection: &mut PgConnection,
        taken: &[Taken],
    ) -> sqlx::Result<Option<DateTime<Utc>>> {
        let mut since: Option<DateTime<Utc>> = None;
        for Taken { created_ns, sequence, .. } in taken {
            let of_it = match marks::since(connection, *created_ns, *sequence).await? {
                Some(mark) => mark,
                None if self.retention().is_zero() => DateTime::UNIX_EPOCH,
                None => marks::before_all(connection, self.retention()).await?,
            };
            since = Some(since.map_or(of_it, |since| since.min(of_it)));
        }
        Ok(since)
    }

    /// How long the stream of this service keeps an event; zero is for ever.
    fn retention(&self) -> Duration {
        self.broker.topology().stream(self.publisher()).max_age
    }

    /// Has each consumer begin again that is beyond the mark, and answers from where.
    async fn put_right(&self, mark: Option<Mark>, state: &StreamState) -> anyhow::Result<Vec<Taken>> {
        let behind = mark.map_or(0, |mark| mark.place.sequence);
        let listeners = listeners_of(self.publisher());
        let floors = self.broker.floors(&listeners).await.context("look at the consumers")?;
        let is_beyond = floors
            .iter()
            .map(|floor| floor.is_some_and(|floor| floor.delivered > behind || floor.acked > behind));
        let beyond: Vec<(Service, Subject)> = listeners
            .iter()
            .zip(is_beyond)
            .filter_map(|(each, is_beyond)| is_beyond.then_some(*each))
            .collect();
        let from = mark.map(|mark| mark.place.sequence);
        try_join_all(beyond.iter().map(|listener| self.broker.begin_again(*listener, from)))
            .await
            .context("have the consumers begin again")?;
        let sequence = behind.max(state.first_sequence.saturating_sub(1));
        let begun = |(service, subject): &(Service, Subject)| Taken {
            consumer: topology::durable_name(*service, *subject),
            created_ns: state.created_ns,
            sequence,
        };
        Ok(beyond.iter().map(begun).collect())
    }
}

/// Who listens to what a service publishes.
pub(crate) fn listeners_of(publisher: Service) -> Vec<(Service, Subject)> {
    topology::listeners().into_iter().filter(|(_, subject)| subject.publisher() == publisher).collect()
}

/// Remembers the stream's last message instead of what is lost. False: somebody has done so meanwhile.
async fn replace(connection: &mut PgConnection, missing: &[Remembered], last: Place) -> sqlx::Result<bool> {
    let ids: Vec<i64> = missing.iter().map(|row| row.id).collect();
    let replaced = sqlx::query("delete from outbox_told where id = any($1)")
        .bind(&ids)
        .execute(&mut *connection)
        .await?;
    if usize::try_from(replaced.rows_affected()) != Ok(ids.len()) {
        return Ok(false);
    }
    told::insert(connection, last).await?;
    Ok(true)
}

/// What consumers had taken of a stream that is no more.
async fn forget_other_streams(connection: &mut PgConnection, created_ns: i64) -> sqlx::Result<()> {
    let forgotten = sqlx::query("delete from outbox_taken where created_ns <> $1").bind(created_ns);
    forgotten.execute(connection).await.map(drop)
}
