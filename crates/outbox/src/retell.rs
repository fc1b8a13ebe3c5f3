//! Telling again: what was changed since an instant goes into the outbox once more.
//!
//! In new rows, with ids of their own: the broker may still know the ids of what it has lost, and a relay may be about to
//! delete a row whose message is lost. Listeners are idempotent, so what they know already does nothing.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

/// What a service tells again: its statements, made by [`retelling!`](crate::retelling).
#[derive(Clone, Copy, Debug)]
pub struct Retelling {
    insert: &'static str,
    pub(crate) count: &'static str,
}

impl Retelling {
    /// Called by [`retelling!`](crate::retelling).
    #[doc(hidden)]
    pub const fn new(insert: &'static str, count: &'static str) -> Self {
        Self { insert, count }
    }
}

/// The [`Retelling`] of a file beside the caller's with one `select`: the subject, payload and traceparent of each event that tells
/// of a change since `$1`, a timestamptz, and the instant of the change as `changed_at`.
#[macro_export]
macro_rules! retelling {
    ($file:literal) => {
        $crate::Retelling::new(
            concat!(
                "insert into outbox (subject, payload, traceparent, changed_at)
                 select subject, payload, traceparent, changed_at from (",
                include_str!($file),
                ") as told order by changed_at"
            ),
            concat!("select count(*) from (", include_str!($file), ") as told"),
        )
    };
}

/// Why something is told again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The broker had lost what it had acknowledged.
    Lost,
    /// It was gone from the stream before a listener came for it.
    FellOut,
    /// An operator wanted it.
    Asked,
}

impl Cause {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::FellOut => "fell out",
            Self::Asked => "asked",
        }
    }
}

/// How long each further statement of this transaction may take.
pub(crate) async fn limit(connection: &mut PgConnection, ms: i64) -> sqlx::Result<()> {
    sqlx::query("select set_config('statement_timeout', $1, true)")
        .bind(ms.to_string())
        .execute(connection)
        .await
        .map(drop)
}

/// Puts what was changed since into the outbox once more, as a part of a transaction, and notes that. Answers how many events
/// that are.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    retelling: &Retelling,
    since: DateTime<Utc>,
    cause: Cause,
) -> sqlx::Result<u64> {
    let told = sqlx::query(retelling.insert).bind(since).execute(&mut *connection).await?;
    let events = told.rows_affected();
    sqlx::query("insert into outbox_told_again (since, events, cause) values ($1, $2, $3)")
        .bind(since)
        .bind(i64::try_from(events).unwrap_or(i64::MAX))
        .bind(cause.as_str())
        .execute(connection)
        .await?;
    Ok(events)
}
