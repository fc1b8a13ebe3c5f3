//! Money that could not be taken and is not known to be back, for operators.

use common::{
    event::Id,
    internal::{OwedPayment, OwedPayments, RejectedPayment},
};
use metrics::counter;
use postgres::Failure;
use sqlx::PgConnection;
use tracing::warn;

use super::{Store, history::RejectedRow, row};

/// What became of an operator's word that a rejected payment is seen to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Nothing is owed any more, by this word.
    Now(OwedPayment),
    /// Nothing was owed any more.
    Before,
    /// No such payment was ever rejected.
    Unknown,
}

impl Store {
    /// The rejected payments that are not settled, the longest open first: those behind the payment `after`, at most `limit`.
    /// `None` if no payment `after` was ever rejected.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn owed(&self, after: Option<&Id>, limit: i64) -> sqlx::Result<Option<OwedPayments>> {
        let after = after.map(Id::as_str);
        let (total, known, rows): (i64, bool, Vec<RejectedRow>) = postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let (total, known) = sqlx::query_as(
                "select (select count(*) from rejected_payments where settled_at is null),
                        $1::text is null or exists (select from rejected_payments where payment_id = $1)",
            )
            .bind(after)
            .fetch_one(&mut *connection)
            .await?;
            let rows = sqlx::query_as(
                "select payment_id, order_id, stripe_id, reason, rejected_at, outcome, settled_at, note
                 from rejected_payments
                 where settled_at is null and (rejected_at, payment_id) > (
                   coalesce((select rejected_at from rejected_payments where payment_id = $1), '-infinity'),
                   coalesce($1, '')
                 )
                 order by rejected_at, payment_id limit $2",
            )
            .bind(after)
            .bind(limit)
            .fetch_all(&mut *connection)
            .await?;
            connection.release();
            Ok((total, known, rows))
        })
        .await?;
        if !known {
            return Ok(None);
        }
        let owed = rows.into_iter().map(OwedPayment::try_from).collect::<sqlx::Result<_>>()?;
        Ok(Some(OwedPayments { total: u64::try_from(total).unwrap_or_default(), owed }))
    }

    /// Notes that a person has seen to a rejected payment: nothing is owed any more. The same note again changes nothing.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn close_owed(&self, payment: &Id, note: &str) -> sqlx::Result<Closed> {
        let (closed, is_new) = match self.close_once(payment, note).await {
            Err(error) if Failure::is_ambiguous(&error) => self.close_once(payment, note).await?,
            answer => answer?,
        };
        if is_new {
            counter!("orders_payments_closed_total").increment(1);
            warn!(payment = %payment, note, "payment {payment} counts as settled, by an operator's word");
        }
        Ok(closed)
    }

    async fn close_once(&self, payment: &Id, note: &str) -> sqlx::Result<(Closed, bool)> {
        postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            let answer = close(&mut transaction, payment, note).await?;
            transaction.commit().await?;
            Ok(answer)
        })
        .await
    }
}

async fn close(connection: &mut PgConnection, payment: &Id, note: &str) -> sqlx::Result<(Closed, bool)> {
    let updated = sqlx::query(
        "update rejected_payments set settled_at = now(), note = $2 where payment_id = $1 and settled_at is null",
    );
    let updated = updated.bind(payment.as_str()).bind(note).execute(&mut *connection).await?;
    let row: Option<RejectedRow> = sqlx::query_as(
        "select payment_id, order_id, stripe_id, reason, rejected_at, outcome, settled_at, note
         from rejected_payments where payment_id = $1",
    )
    .bind(payment.as_str())
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok((Closed::Unknown, false)) };
    let owed = OwedPayment::try_from(row)?;
    let is_so = owed.payment.note.as_deref() == Some(note);
    Ok((if is_so { Closed::Now(owed) } else { Closed::Before }, updated.rows_affected() > 0))
}

impl TryFrom<RejectedRow> for OwedPayment {
    type Error = sqlx::Error;

    fn try_from(it: RejectedRow) -> sqlx::Result<Self> {
        Ok(Self { order_id: row::id(it.order_id.clone())?, payment: RejectedPayment::try_from(it)? })
    }
}
