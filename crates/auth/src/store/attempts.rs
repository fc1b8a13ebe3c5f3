//! Attempts. Each is counted as in flight before it is made, so that no number of them at once can fail more often
//! than is allowed; none has failed before it is over.

use std::{net::IpAddr, time::Duration};

use chrono::{DateTime, Utc};

use super::Store;
use crate::limit::{IN_FLIGHT, Limit, Pace, Subject, WINDOW, keys_at};

/// An attempt in flight.
#[derive(Debug)]
#[must_use = "it is in flight until it ends"]
pub struct Attempt {
    subjects: Vec<Subject>,
    /// By Postgres' clock.
    began: DateTime<Utc>,
    /// Failures before it, of each subject.
    failures: Vec<i32>,
}

impl Attempt {
    /// How long it has to wait before the password is looked at.
    pub fn pause(&self, pace: Pace) -> Duration {
        let pauses = self.subjects.iter().zip(&self.failures);
        pauses.map(|(subject, failures)| pace.pause(subject.limit(), *failures)).max().unwrap_or_default()
    }
}

/// What became of a wish for an attempt.
#[derive(Debug)]
pub enum Reserved {
    /// Go on.
    Attempt(Attempt),
    /// Too many have failed: this long until another one is worth it.
    TooMany(Duration),
    /// So many are in flight that there would be too many if all of them failed: worth another try once one has ended.
    Busy,
}

/// How an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It counts against all of its subjects.
    Failed,
    /// It counts against nobody, and neither do the failures before it at this account from this address.
    Succeeded,
    /// It came to nothing, and counts against nobody.
    TakenBack,
}

/// What `reserve.sql` answers.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    began: Option<DateTime<Utc>>,
    failures: i32,
    remaining_ms: Option<i64>,
}

impl Store {
    /// Counts an attempt as in flight against all of `subjects`, or against none if one has no room for it.
    ///
    /// # Errors
    /// What Postgres answers. The attempt may be in flight all the same, if the answer was lost.
    pub async fn reserve(&self, subjects: &[Subject]) -> sqlx::Result<Reserved> {
        let keys: Vec<String> = subjects.iter().map(Subject::key).collect();
        let limits: Vec<Limit> = subjects.iter().map(Subject::limit).collect();
        let most: Vec<i32> = limits.iter().map(|limit| limit.most).collect();
        let slow_from: Vec<i32> = limits.iter().map(|limit| limit.slow_from).collect();
        let slow_at_once: Vec<i32> = limits.iter().map(|limit| limit.slow_at_once).collect();
        let rows: Vec<Row> = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            let rows = sqlx::query_as(include_str!("reserve.sql")).bind(&keys).bind(&most);
            let rows = rows.bind(ms(WINDOW)).bind(ms(IN_FLIGHT)).bind(&slow_from).bind(&slow_at_once);
            let rows: Vec<Row> = rows.fetch_all(&mut *transaction).await?;
            if rows.iter().all(|row| row.began.is_some()) {
                transaction.commit().await?;
            } else {
                transaction.rollback().await?;
            }
            Ok(rows)
        })
        .await?;
        Ok(answer(subjects, &rows))
    }

    /// Ends an attempt.
    ///
    /// # Errors
    /// What Postgres answers. The attempt may be in flight until it is too old for that.
    pub async fn end(&self, attempt: &Attempt, end: End) -> sqlx::Result<()> {
        let mut ended = Ok(());
        for subject in &attempt.subjects {
            ended = ended.and(self.end_for(subject, attempt.began, end).await);
        }
        ended
    }

    /// One row, in a statement of its own: no two can wait for each other.
    async fn end_for(&self, subject: &Subject, began: DateTime<Utc>, end: End) -> sqlx::Result<()> {
        match end {
            End::Failed => self.fail(subject, began).await,
            End::Succeeded => self.release(subject, began, subject.is_forgiven()).await,
            End::TakenBack => self.release(subject, began, false).await,
        }
    }

    async fn fail(&self, subject: &Subject, began: DateTime<Utc>) -> sqlx::Result<()> {
        let key = subject.key();
        postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let failed = sqlx::query(include_str!("fail.sql")).bind(&key).bind(began).bind(ms(WINDOW));
            failed.execute(&mut *connection).await?;
            connection.release();
            Ok(())
        })
        .await
    }

    async fn release(&self, subject: &Subject, began: DateTime<Utc>, forget: bool) -> sqlx::Result<()> {
        let key = subject.key();
        postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let released = sqlx::query(include_str!("release.sql")).bind(&key).bind(began).bind(forget);
            released.execute(&mut *connection).await?;
            connection.release();
            Ok(())
        })
        .await
    }

    /// At how many accounts attempts from this address have failed of late.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn accounts_failing_from(&self, address: IpAddr) -> sqlx::Result<i64> {
        let prefix = keys_at(address);
        postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let accounts = sqlx::query_scalar(
                "select count(*) from attempts
                 where starts_with(key, $1) and failures > 0 and since > now() - $2 * interval '1 millisecond'",
            );
            let accounts = accounts.bind(&prefix).bind(ms(WINDOW)).fetch_one(&mut *connection).await?;
            connection.release();
            Ok(accounts)
        })
        .await
    }

    /// Removes up to `limit` rows that count no more, the oldest first, and says how many. Called by the pruner.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn prune(&self, limit: usize) -> sqlx::Result<usize> {
        postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let pruned = sqlx::query(include_str!("prune.sql")).bind(ms(WINDOW)).bind(ms(IN_FLIGHT));
            let pruned = pruned.bind(limit as i64).execute(&mut *connection).await?;
            connection.release();
            Ok(pruned.rows_affected() as usize)
        })
        .await
    }
}

fn answer(subjects: &[Subject], rows: &[Row]) -> Reserved {
    if let Some(ms) = rows.iter().filter_map(|row| row.remaining_ms).max() {
        return Reserved::TooMany(Duration::from_millis(ms.unsigned_abs()));
    }
    let began: Option<Vec<_>> = rows.iter().map(|row| row.began).collect();
    match began.as_deref() {
        Some([began, ..]) => {
            let failures = rows.iter().map(|row| row.failures).collect();
            Reserved::Attempt(Attempt { subjects: subjects.to_vec(), began: *began, failures })
        }
        _ => Reserved::Busy,
    }
}

fn ms(duration: Duration) -> i64 {
    duration.as_millis() as i64
}
