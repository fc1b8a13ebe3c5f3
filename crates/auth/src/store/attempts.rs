//! Failed attempts. Each is counted before it is made, so that no number of them at once is more than allowed.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::Connection as _;

use super::Store;
use crate::limit::{Subject, WINDOW};

/// An attempt that is counted as failed already.
#[derive(Debug)]
#[must_use = "one that did not fail is taken back"]
pub struct Attempt(Vec<Counted>);

/// Whom it is counted against, and in which window.
#[derive(Debug)]
struct Counted {
    subject: Subject,
    since: DateTime<Utc>,
}

/// What became of a wish for an attempt.
#[derive(Debug)]
pub enum Reserved {
    /// Go on.
    Attempt(Attempt),
    /// There were too many: this long until another one is worth it.
    TooMany(Duration),
}

/// What `reserve.sql` answers.
#[derive(Debug, sqlx::FromRow)]
struct Row {
    key: String,
    since: Option<DateTime<Utc>>,
    remaining_ms: Option<i64>,
}

/// Whoever loses a race for the last attempt asks again, to know how long to wait.
const MOST_RACES: u32 = 3;

impl Store {
    /// Counts an attempt as failed against all of `subjects`, or against none if one has had too many.
    ///
    /// # Errors
    /// What Postgres answers. The attempt may be counted all the same, if the answer was lost.
    pub async fn reserve(&self, subjects: &[Subject]) -> sqlx::Result<Reserved> {
        for _ in 0..MOST_RACES {
            if let Some(reserved) = self.reserve_once(subjects).await? {
                return Ok(reserved);
            }
        }
        Ok(Reserved::TooMany(WINDOW))
    }

    /// `None` if someone else took the last attempt meanwhile.
    async fn reserve_once(&self, subjects: &[Subject]) -> sqlx::Result<Option<Reserved>> {
        let keys: Vec<String> = subjects.iter().map(Subject::key).collect();
        let most: Vec<i32> = subjects.iter().map(Subject::most).collect();
        let rows: Vec<Row> = outbox::run(|| async {
            let mut connection = self.database.connection().await?;
            let mut transaction = connection.begin().await?;
            let rows = sqlx::query_as(include_str!("reserve.sql")).bind(&keys).bind(&most).bind(window_ms());
            let rows: Vec<Row> = rows.fetch_all(&mut *transaction).await?;
            if rows.iter().all(|row| row.since.is_some()) {
                transaction.commit().await?;
            } else {
                transaction.rollback().await?;
            }
            connection.release();
            Ok(rows)
        })
        .await?;
        Ok(answer(subjects, &rows))
    }

    /// Takes back an attempt that came to no end: it counts against nobody.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn take_back(&self, attempt: &Attempt) -> sqlx::Result<()> {
        for counted in &attempt.0 {
            self.uncount(counted).await?;
        }
        Ok(())
    }

    /// Takes back an attempt that succeeded, and with it all failures of the account.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn succeed(&self, attempt: &Attempt) -> sqlx::Result<()> {
        for counted in &attempt.0 {
            match counted.subject {
                Subject::Account(_) => self.forget(&counted.subject).await?,
                Subject::Address(_) => self.uncount(counted).await?,
            }
        }
        Ok(())
    }

    // These two lock one row each, in a statement of their own: no two can wait for each other.

    async fn uncount(&self, Counted { subject, since }: &Counted) -> sqlx::Result<()> {
        let key = subject.key();
        outbox::run(|| async {
            let mut connection = self.database.connection().await?;
            // In a later window it is no longer counted.
            let sql =
                "update attempts set failures = failures - 1 where key = $1 and since = $2 and failures > 0";
            sqlx::query(sql).bind(&key).bind(since).execute(&mut *connection).await?;
            connection.release();
            Ok(())
        })
        .await
    }

    async fn forget(&self, subject: &Subject) -> sqlx::Result<()> {
        let key = subject.key();
        outbox::run(|| async {
            let mut connection = self.database.connection().await?;
            sqlx::query("delete from attempts where key = $1").bind(&key).execute(&mut *connection).await?;
            connection.release();
            Ok(())
        })
        .await
    }

    /// Removes up to `limit` rows that count no more, the oldest first, and says how many. Called by the pruner.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn prune(&self, limit: usize) -> sqlx::Result<usize> {
        outbox::run(|| async {
            let mut connection = self.database.connection().await?;
            let pruned = sqlx::query(
                "delete from attempts where key = any (array(
                   select key from attempts where since <= now() - $1 * interval '1 millisecond'
                   order by since limit $2 for update skip locked))",
            );
            let pruned = pruned.bind(window_ms()).bind(limit as i64).execute(&mut *connection).await?;
            connection.release();
            Ok(pruned.rows_affected() as usize)
        })
        .await
    }
}

fn answer(subjects: &[Subject], rows: &[Row]) -> Option<Reserved> {
    if let Some(ms) = rows.iter().filter_map(|row| row.remaining_ms).max() {
        return Some(Reserved::TooMany(Duration::from_millis(ms.unsigned_abs())));
    }
    let counted = subjects.iter().map(|subject| {
        let key = subject.key();
        let since = rows.iter().find(|row| row.key == key)?.since?;
        Some(Counted { subject: subject.clone(), since })
    });
    Some(Reserved::Attempt(Attempt(counted.collect::<Option<_>>()?)))
}

fn window_ms() -> i64 {
    WINDOW.as_millis() as i64
}
