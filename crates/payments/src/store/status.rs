//! How far a payment has come: from asked for to held, or to nothing.
//!
//! What the provider says comes by its answers, by webhooks and by look-ups, in any order and more than once. So each step is
//! taken from the statuses before it and from no other, and says whether it was taken before.

use common::{
    event::{Id, PaymentCreated},
    traceparent::Traceparent,
};
use metrics::counter;
use outbox::enqueue;
use sqlx::{PgConnection, Postgres, postgres::PgArguments, query::Query};
use tracing::{info, warn};

use super::{Store, row};
use crate::payment::Payment;

/// When the provider is looked at again if nothing more is heard.
pub(super) const LOOK_UP_S: f64 = 120.0;

/// A payment that has come a step further, for the log.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) order: Id,
    pub(super) traceparent: Option<Traceparent>,
}

/// What became of the news that a payment's money is held.
#[derive(Debug)]
pub(super) enum Authorised {
    /// It is told.
    Now(Step),
    /// It was told before.
    Before,
    /// Nobody waits for it any more: it is to be given back without a word.
    Orphan,
}

impl Store {
    /// Notes that the provider holds the money of a payment, and puts `payment:created` into the outbox. If the payment was given
    /// up before, it has the money given back, and answers false.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn authorise(&self, payment: &Payment, intent: &str) -> sqlx::Result<bool> {
        let authorised = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            let authorised = authorise(&mut transaction, &payment.id, intent).await?;
            transaction.commit().await?;
            Ok(authorised)
        })
        .await?;
        let is_told = !matches!(authorised, Authorised::Orphan);
        self.tell_authorised(&payment.id, authorised);
        Ok(is_told)
    }

    /// After the commit.
    pub(super) fn tell_authorised(&self, payment: &Id, authorised: Authorised) {
        match authorised {
            Authorised::Now(Step { order, traceparent }) => {
                self.wake.ring();
                // A decision may have been there before, after a restore.
                self.due.ring();
                counter!("payments_authorised_total").increment(1);
                let trace_id = traceparent.map(|traceparent| traceparent.trace_id());
                info!(payment = %payment, order = %order, trace_id, "payment {payment} of order {order} is authorised");
            }
            Authorised::Orphan => {
                self.due.ring();
                warn!(payment = %payment, "payment {payment} was given up, and its money is held all the same: it goes back");
            }
            Authorised::Before => {}
        }
    }

    /// Notes which intent will hold the money of a payment: from then on that one may be confirmed, and no other. False if another
    /// one is noted, or something else has happened to the payment.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn note_intent(&self, payment: &Payment, intent: &str) -> sqlx::Result<bool> {
        self.change(|| {
            sqlx::query(
                "update payments
                 set stripe_intent = $2, key_round = case when stripe_intent is null then 0 else key_round end
                 where id = $1 and status = 'pending' and coalesce(stripe_intent, $2) = $2",
            )
            .bind(payment.id.as_str())
            .bind(intent)
        })
        .await
    }

    /// Puts `payment:created` into the outbox again if nobody has decided about the payment for two minutes: it, or the
    /// decision, may be lost. Says whether it did. Of money that is not held any more it is told only if the order is over, and so
    /// can't be completed by it.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn tell_again(&self, payment: &Payment, is_held: bool) -> sqlx::Result<bool> {
        let told = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            let told = tell_again(&mut transaction, &payment.id, is_held).await?;
            transaction.commit().await?;
            Ok(told)
        })
        .await?;
        let Some(Step { order, traceparent }) = told else { return Ok(false) };
        self.wake.ring();
        counter!("payments_told_again_total").increment(1);
        let (id, trace_id) = (&payment.id, traceparent.map(|traceparent| traceparent.trace_id()));
        let held = payment.unchanged_for();
        warn!(payment = %id, order = %order, trace_id, "payment {id} of order {order} has waited {held:.0?} for a decision: it is told again");
        Ok(true)
    }

    /// Notes that the page of a payment is there; false if something else has happened to the payment since.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn open(&self, payment: &Payment, session: &str, url: &str) -> sqlx::Result<bool> {
        self.change(|| {
            sqlx::query(
                "update payments
                 set status = 'open', stripe_session = $2, url = $3, token = null, attempts = 0, key_round = 0,
                     updated_at = now(),
                     due_at = case when decision is null then now() + $4 * interval '1 second' else now() end
                 where id = $1 and status = 'pending'",
            )
            .bind(payment.id.as_str())
            .bind(session)
            .bind(url)
            .bind(LOOK_UP_S)
        })
        .await
    }

    /// Notes that the card was declined, and has the intent ended in which it was.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn decline(&self, payment: &Payment, reason: &str, intent: Option<&str>) -> sqlx::Result<()> {
        let declined = self.change(|| {
            sqlx::query(
                "update payments
                 set status = 'declined', reason = $2, stripe_intent = $3::text, token = null, url = null,
                     attempts = 0, key_round = 0, updated_at = now(),
                     decision = case when $3::text is null then null else 'release' end,
                     due_at = case when $3::text is null then null else now() end
                 where id = $1 and status in ('pending', 'open')",
            )
            .bind(payment.id.as_str())
            .bind(reason)
            .bind(intent)
        });
        if declined.await? {
            self.due.ring();
            counter!("payments_declined_total").increment(1);
            let (id, order) = (&payment.id, &payment.order_id);
            info!(payment = %id, order = %order, trace_id = payment.trace_id(), "payment {id} of order {order} was declined");
        }
        Ok(())
    }

    /// Notes that by this payment nothing will be paid. Nothing is to be done any more.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn close(&self, payment: &Payment, reason: &str) -> sqlx::Result<()> {
        self.close_if(payment, reason, false).await?;
        Ok(())
    }

    /// The same for a payment whose card was surely not charged, because it has no intent that may have been confirmed. False if it
    /// has one by now.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn close_without_intent(&self, payment: &Payment, reason: &str) -> sqlx::Result<bool> {
        self.close_if(payment, reason, true).await
    }

    async fn close_if(&self, payment: &Payment, reason: &str, without_intent: bool) -> sqlx::Result<bool> {
        let closed = self.change(|| {
            sqlx::query(
                "update payments
                 set status = 'closed', reason = $2, token = null, url = null, decision = null, due_at = null,
                     attempts = 0, key_round = 0, updated_at = now()
                 where id = $1 and status in ('pending', 'open') and (stripe_intent is null or not $3)",
            )
            .bind(payment.id.as_str())
            .bind(reason)
            .bind(without_intent)
        });
        let closed = closed.await?;
        if closed {
            let (id, order) = (&payment.id, &payment.order_id);
            info!(payment = %id, order = %order, trace_id = payment.trace_id(), "payment {id} is closed: {reason}");
        }
        Ok(closed)
    }

    /// Runs a statement that changes one payment, and says whether it did.
    pub(super) async fn change(
        &self,
        statement: impl Fn() -> Query<'static, Postgres, PgArguments>,
    ) -> sqlx::Result<bool> {
        postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let changed = statement().execute(&mut *connection).await?;
            connection.release();
            Ok(changed.rows_affected() > 0)
        })
        .await
    }
}

async fn tell_again(
    connection: &mut PgConnection,
    payment: &Id,
    is_held: bool,
) -> sqlx::Result<Option<Step>> {
    let row: Option<(String, Option<String>, String)> = sqlx::query_as(
        "select p.order_id, p.traceparent, p.stripe_intent
         from payments p join orders o on o.id = p.order_id
         where p.id = $1 and p.status = 'authorised' and p.decision is null
           and p.updated_at <= now() - $2 * interval '1 second'
           and ($3 or o.status = 'cancelled' or o.status = 'completed' and o.payment_id <> p.id)
         for update of p",
    )
    .bind(payment.as_str())
    .bind(LOOK_UP_S)
    .bind(is_held)
    .fetch_optional(&mut *connection)
    .await?;
    let Some((order, traceparent, stripe_id)) = row else { return Ok(None) };
    let order = row::id(order)?;
    let traceparent: Option<Traceparent> = traceparent.and_then(|text| text.parse().ok());
    let event = PaymentCreated { id: payment.clone(), order_id: order.clone(), stripe_id };
    enqueue(connection, &event, traceparent.as_ref()).await?;
    Ok(Some(Step { order, traceparent }))
}

/// The same inside of a transaction.
pub(super) async fn authorise(
    connection: &mut PgConnection,
    payment: &Id,
    intent: &str,
) -> sqlx::Result<Authorised> {
    let row: Option<(String, Option<String>)> = sqlx::query_as(
        "update payments
         set status = 'authorised', stripe_intent = $2, token = null, url = null, reason = null, attempts = 0,
             key_round = 0, updated_at = now(),
             -- Told as always: it is for orders to say that it comes too late.
             decision = nullif(decision, 'close'),
             due_at = case when nullif(decision, 'close') is null then now() + $3 * interval '1 second' else now() end
         where id = $1 and status in ('pending', 'open')
         returning order_id, traceparent",
    )
    .bind(payment.as_str())
    .bind(intent)
    .bind(LOOK_UP_S)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some((order, traceparent)) = row {
        let order = row::id(order)?;
        let traceparent: Option<Traceparent> = traceparent.and_then(|text| text.parse().ok());
        let event =
            PaymentCreated { id: payment.clone(), order_id: order.clone(), stripe_id: intent.to_owned() };
        enqueue(connection, &event, traceparent.as_ref()).await?;
        return Ok(Authorised::Now(Step { order, traceparent }));
    }
    let orphan = sqlx::query(
        "update payments set stripe_intent = $2, decision = 'release', due_at = now(), attempts = 0, key_round = 0
         where id = $1 and status in ('declined', 'closed') and decision is null",
    )
    .bind(payment.as_str())
    .bind(intent)
    .execute(connection)
    .await?;
    Ok(if orphan.rows_affected() > 0 { Authorised::Orphan } else { Authorised::Before })
}
