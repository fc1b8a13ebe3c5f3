//! Beginning a payment.

use common::{
    event::{Id, Price},
    traceparent::Traceparent,
};
use postgres::{Failure, row::decode};
use rust_decimal::Decimal;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use tracing::info;

use super::{
    Store,
    row::{PaymentRow, select_payments},
};
use crate::{
    money::{AmountError, Currency},
    payment::{Payment, Status},
};

/// A buyer's wish to pay an order.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The id that the payment will have, made by the caller so that running it again begins nothing twice.
    pub payment_id: Id,
    /// The order.
    pub order_id: Id,
    /// Who wants to pay.
    pub user_id: Id,
    /// A card's token; without it the buyer wants a page.
    pub token: Option<SecretString>,
    /// In which currency the price is.
    pub currency: Currency,
    /// Trace context of the request.
    pub traceparent: Traceparent,
}

/// What is there for a [`Wish`].
#[derive(Clone, Debug)]
pub enum Begun {
    /// The order's live payment: this one, or one that was begun before.
    Live(Payment),
    /// This very card was declined for this order before.
    Declined(Payment),
    /// The order is not to be paid, or not by this user.
    Refused(OrderRefusal),
}

/// Why an order is not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderRefusal {
    /// There is no such order, or not yet.
    #[error("no such order")]
    UnknownOrder,
    /// It is someone else's.
    #[error("not the buyer's order")]
    NotTheBuyers,
    /// It is cancelled.
    #[error("the order is cancelled")]
    Cancelled,
    /// Its time to pay is over.
    #[error("the order's time to pay is over")]
    Expired,
    /// It is paid.
    #[error("the order is paid")]
    Paid,
    /// So many cards were refused for it that somebody may be trying whether they are good.
    #[error("too many cards were refused")]
    TooManyCards,
    /// Its price can't be paid.
    #[error("the price can't be paid")]
    Price(#[from] AmountError),
}

/// Cards that may be refused for one order. Whoever tries stolen ones tries more.
const MOST_REFUSED_CARDS: i64 = 20;

#[derive(Debug, sqlx::FromRow)]
struct OrderRow {
    status: String,
    user_id: Option<String>,
    price: Option<Decimal>,
    is_over: Option<bool>,
}

/// From here on the settler goes on with a payment whose request has not come to an end.
const REQUEST_LIMIT_S: f64 = 20.0;

impl Store {
    /// Begins a payment, or finds the one that is there: an order has one live payment.
    ///
    /// # Errors
    /// What Postgres answers. The payment may have been begun all the same, if the answer to the commit was lost twice; the
    /// settler goes on with it.
    pub async fn begin(&self, wish: &Wish) -> sqlx::Result<Begun> {
        match self.begin_once(wish).await {
            Err(error) if Failure::is_ambiguous(&error) => self.begin_once(wish).await,
            answer => answer,
        }
    }

    async fn begin_once(&self, wish: &Wish) -> sqlx::Result<Begun> {
        let begun = postgres::retry_conflicts(|| async {
            let mut transaction = self.database.begin().await?;
            let begun = begin(&mut transaction, wish).await?;
            transaction.commit().await?;
            Ok(begun)
        })
        .await?;
        if let Begun::Live(payment) = &begun
            && payment.id == wish.payment_id
        {
            let trace_id = wish.traceparent.trace_id();
            info!(payment = %payment.id, order = %payment.order_id, trace_id, "payment {} was begun", payment.id);
        }
        Ok(begun)
    }
}

/// The order's row stays locked to the end: two tabs at once begin one payment, and none is begun behind a cancellation.
async fn begin(connection: &mut PgConnection, wish: &Wish) -> sqlx::Result<Begun> {
    let row: Option<OrderRow> = sqlx::query_as(
        "select status, user_id, price, greatest(expires_at, extended_to) <= now() as is_over from orders
         where id = $1 for update",
    )
    .bind(wish.order_id.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    // A tombstone says nothing of whose the order is.
    let Some(OrderRow { status, user_id: Some(user_id), price: Some(price), is_over }) = row else {
        return Ok(Begun::Refused(OrderRefusal::UnknownOrder));
    };
    if user_id != wish.user_id.as_str() {
        return Ok(Begun::Refused(OrderRefusal::NotTheBuyers));
    }
    if status == "cancelled" {
        return Ok(Begun::Refused(OrderRefusal::Cancelled));
    }
    let token_hash = wish.token.as_ref().map(hash);
    let payment = live(connection, wish, status == "completed", token_hash.as_deref()).await?;
    match payment {
        Some(payment) if matches!(payment.status, Status::Authorised | Status::Captured) => {
            return Ok(Begun::Live(payment));
        }
        _ if status == "completed" => return Ok(Begun::Refused(OrderRefusal::Paid)),
        _ if is_over == Some(true) => return Ok(Begun::Refused(OrderRefusal::Expired)),
        Some(payment) if payment.status == Status::Declined => return Ok(Begun::Declined(payment)),
        Some(payment) => return Ok(Begun::Live(payment)),
        None => {}
    }
    let amount = match wish.currency.minor_units(Price::try_from(price).map_err(decode)?) {
        Ok(amount) => amount,
        Err(error) => return Ok(Begun::Refused(error.into())),
    };
    if has_too_many(connection, &wish.order_id).await? {
        return Ok(Begun::Refused(OrderRefusal::TooManyCards));
    }
    insert(connection, wish, amount, token_hash.as_deref()).await.map(Begun::Live)
}

/// Whether no other card is tried for this order.
async fn has_too_many(connection: &mut PgConnection, order: &Id) -> sqlx::Result<bool> {
    let refused: i64 = sqlx::query_scalar(
        "select count(*) from payments where order_id = $1 and kind = 'token' and status in ('declined', 'closed')",
    )
    .bind(order.as_str())
    .fetch_one(connection)
    .await?;
    Ok(refused >= MOST_REFUSED_CARDS)
}

/// The live payment of the order; or else that by which this very card was declined. Of a paid order only that of this
/// very card: the same request again is answered as before, and another one is refused.
async fn live(
    connection: &mut PgConnection,
    wish: &Wish,
    is_paid: bool,
    token_hash: Option<&str>,
) -> sqlx::Result<Option<Payment>> {
    let row: Option<PaymentRow> = sqlx::query_as(select_payments!(
        "where order_id = $1 and (
           status in ('pending', 'open', 'authorised', 'captured') and (not $2 or token_hash = $3)
           or status = 'declined' and token_hash = $3)
         order by status = 'declined', created_at desc, id limit 1"
    ))
    .bind(wish.order_id.as_str())
    .bind(is_paid)
    .bind(token_hash)
    .fetch_optional(connection)
    .await?;
    row.map(Payment::try_from).transpose()
}

async fn insert(
    connection: &mut PgConnection,
    wish: &Wish,
    amount: i64,
    token_hash: Option<&str>,
) -> sqlx::Result<Payment> {
    sqlx::query(
        "insert into payments (id, order_id, user_id, kind, amount, currency, status, token, token_hash, due_at, traceparent)
         values ($1, $2, $3, $4, $5, $6, 'pending', $7, $8, now() + $9 * interval '1 second', $10)",
    )
    .bind(wish.payment_id.as_str())
    .bind(wish.order_id.as_str())
    .bind(wish.user_id.as_str())
    .bind(if wish.token.is_some() { "token" } else { "page" })
    .bind(amount)
    .bind(wish.currency.as_str())
    .bind(wish.token.as_ref().map(|token| token.expose_secret()))
    .bind(token_hash)
    .bind(REQUEST_LIMIT_S)
    .bind(wish.traceparent.to_string())
    .execute(&mut *connection)
    .await?;
    let row: PaymentRow = sqlx::query_as(select_payments!("where id = $1"))
        .bind(wish.payment_id.as_str())
        .fetch_one(connection)
        .await?;
    row.try_into()
}

/// By which a token is known again when it is forgotten. It has too many digits to be found by trying.
fn hash(token: &SecretString) -> String {
    let digest = Sha256::digest(token.expose_secret());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
