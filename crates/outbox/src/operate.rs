//! What operators ask of an outbox, and have it do.

use std::time::Duration;

use chrono::{DateTime, Utc};
use common::internal::OutboxState;
use metrics::counter;
use postgres::{Database, within};
use tracing::info;

use crate::{
    Wake, depth,
    retell::{Cause, Retelling, insert, limit},
};

/// For an operator, who waits for the answer.
const REQUEST_LIMIT: Duration = Duration::from_secs(13);
/// The same for the statement, which Postgres would end sooner.
const STATEMENT_LIMIT_MS: i64 = 12_000;

/// The outbox of a service in its operators' hands.
#[derive(Clone, Debug)]
pub struct Outbox {
    database: Database,
    wake: Wake,
    retelling: &'static Retelling,
}

impl Outbox {
    /// The one in `database`, of which `wake` rings for the relay.
    pub fn new(database: Database, wake: Wake, retelling: &'static Retelling) -> Self {
        Self { database, wake, retelling }
    }

    /// What waits in it.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn state(&self) -> sqlx::Result<OutboxState> {
        depth::state(&self.database).await
    }

    /// How many events [`Self::retell`] would put into it.
    ///
    /// # Errors
    /// What Postgres answers, or that it takes too long.
    pub async fn count_retell(&self, since: DateTime<Utc>) -> sqlx::Result<u64> {
        let counted = async {
            let mut transaction = self.database.begin().await?;
            limit(&mut transaction, STATEMENT_LIMIT_MS).await?;
            let count = sqlx::query_scalar(self.retelling.count).bind(since);
            let count: i64 = count.fetch_one(&mut *transaction).await?;
            transaction.rollback().await?;
            Ok(u64::try_from(count).unwrap_or_default())
        };
        within(REQUEST_LIMIT, counted).await
    }

    /// Puts what was changed since into it once more, because an operator wants it, and rings for the relay. Answers how many
    /// events that are.
    ///
    /// # Errors
    /// What Postgres answers, or that it takes too long.
    pub async fn retell(&self, since: DateTime<Utc>) -> sqlx::Result<u64> {
        let told = async {
            let mut transaction = self.database.begin().await?;
            limit(&mut transaction, STATEMENT_LIMIT_MS).await?;
            let events = insert(&mut transaction, self.retelling, since, Cause::Asked).await?;
            transaction.commit().await?;
            Ok(events)
        };
        let events = within(REQUEST_LIMIT, told).await?;
        self.wake.ring();
        counter!("outbox_told_again_total").increment(events);
        info!(
            events,
            "{events} events are told again, as an operator wants: all that was changed since {since}"
        );
        Ok(events)
    }
}
