//! What the provider tells by webhooks.

use std::time::Duration;

use common::event::Id;
use sqlx::PgConnection;

use super::{
    Store,
    status::{Authorised, authorise},
};

/// What a webhook is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Webhook {
    /// The money of this payment is held by this intent.
    Held {
        /// The payment.
        payment: Id,
        /// The intent.
        intent: String,
    },
    /// Something has become of this payment, and it is worth a look.
    Changed {
        /// The payment.
        payment: Id,
        /// The intent, if it is about one.
        intent: Option<String>,
    },
    /// Nothing of ours.
    Other,
}

/// What became of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It has had its effect, if it was news.
    Applied,
    /// It had come before.
    Repeated,
    /// It is about nothing of ours.
    Ignored,
}

impl Store {
    /// Takes in an event of the provider: its id and its effect in one transaction, so that it has one effect however often it
    /// comes.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn take_in(&self, event: &str, webhook: &Webhook) -> sqlx::Result<Told> {
        let payment = match webhook {
            Webhook::Held { payment, .. } | Webhook::Changed { payment, .. } => payment,
            Webhook::Other => return Ok(Told::Ignored),
        };
        let taken_in = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            let is_new = sqlx::query("insert into stripe_events (id) values ($1) on conflict do nothing")
                .bind(event)
                .execute(&mut *transaction)
                .await?;
            if is_new.rows_affected() == 0 {
                transaction.rollback().await?;
                return Ok(None);
            }
            let effect = take_in(&mut transaction, payment, webhook).await?;
            transaction.commit().await?;
            Ok(Some(effect))
        })
        .await?;
        match taken_in {
            None => Ok(Told::Repeated),
            Some(Effect::Held(authorised)) => {
                self.tell_authorised(payment, authorised);
                Ok(Told::Applied)
            }
            Some(Effect::Changed) => {
                self.due.ring();
                Ok(Told::Applied)
            }
            Some(Effect::None) => Ok(Told::Applied),
            Some(Effect::Unknown) => Ok(Told::Ignored),
        }
    }

    /// Forgets up to `limit` events that are older than `age`, and says how many those were.
    ///
    /// # Errors
    /// What Postgres answers.
    pub async fn forget_events(&self, age: Duration, limit: i64) -> sqlx::Result<u64> {
        postgres::retry_conflicts(|| async {
            let mut connection = self.database.connection().await?;
            let removed = sqlx::query(
                "delete from stripe_events where id in (
                   select id from stripe_events where received_at < now() - $1 * interval '1 millisecond'
                   limit $2 for update skip locked)",
            );
            let removed = removed.bind(age.as_millis() as i64).bind(limit).execute(&mut *connection).await?;
            connection.release();
            Ok(removed.rows_affected())
        })
        .await
    }
}

enum Effect {
    Held(Authorised),
    Changed,
    /// It was no news.
    None,
    /// There is no such payment, or it has another intent.
    Unknown,
}

async fn take_in(connection: &mut PgConnection, payment: &Id, webhook: &Webhook) -> sqlx::Result<Effect> {
    let intent = match webhook {
        Webhook::Held { intent, .. } => Some(intent.as_str()),
        Webhook::Changed { intent, .. } => intent.as_deref(),
        Webhook::Other => None,
    };
    let known: Option<String> = sqlx::query_scalar(
        "select id from payments where id = $1 and ($2::text is null or coalesce(stripe_intent, $2) = $2) for update",
    )
    .bind(payment.as_str())
    .bind(intent)
    .fetch_optional(&mut *connection)
    .await?;
    match webhook {
        _ if known.is_none() => Ok(Effect::Unknown),
        Webhook::Held { intent, .. } => authorise(connection, payment, intent).await.map(Effect::Held),
        _ => {
            let touched = sqlx::query(
                "update payments set due_at = now(), attempts = 0
                 where id = $1 and status in ('pending', 'open', 'authorised')",
            );
            let touched = touched.bind(payment.as_str()).execute(connection).await?;
            Ok(if touched.rows_affected() > 0 { Effect::Changed } else { Effect::None })
        }
    }
}
