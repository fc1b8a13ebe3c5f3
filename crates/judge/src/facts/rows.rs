//! What the databases and the provider's books say.

use chrono::{DateTime, Utc};
use common::event::Event;
use rust_decimal::Decimal;
use stripe_stand_in::LedgerEntry;

/// A row of `orders`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OrderRow {
    /// The order.
    pub id: String,
    /// 0 when placed, 1 in the end.
    pub version: i64,
    /// As on the wire.
    pub status: String,
    /// What was ordered.
    pub ticket_id: String,
    /// When it was placed.
    pub created_at: DateTime<Utc>,
    /// Until when it can be paid.
    pub expires_at: DateTime<Utc>,
    /// When it was cancelled, if it was.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// And why.
    pub cancel_reason: Option<String>,
    /// The payment that completed it.
    pub payment_id: Option<String>,
    /// When it was completed.
    pub completed_at: Option<DateTime<Utc>>,
    /// Where the money of that payment is in the end.
    pub payment_outcome: Option<String>,
    /// At which it was placed.
    pub price: Option<Decimal>,
}

impl OrderRow {
    /// Whether it was cancelled, by whomever.
    pub fn is_cancelled(&self) -> bool {
        self.status == "cancelled"
    }

    /// Whether it is paid.
    pub fn is_complete(&self) -> bool {
        self.status == "complete"
    }

    /// For an order that was cancelled because its time was over: by how many ms after that.
    pub fn lateness_ms(&self) -> Option<f64> {
        let at = self.cancelled_at.filter(|_| self.cancel_reason.as_deref() == Some("expired"))?;
        Some((at - self.expires_at).as_seconds_f64() * 1_000.0)
    }
}

/// A row of `tickets`, which `tickets` owns.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TicketRow {
    /// The ticket.
    pub id: String,
    /// 0 when it was put up for sale.
    pub version: i64,
    /// What it is for.
    pub title: String,
    /// What it costs.
    pub price: Decimal,
    /// Who holds it.
    pub order_id: Option<String>,
}

/// A row of the copy that `orders` has of the tickets.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TicketCopy {
    /// The ticket.
    pub id: String,
    /// Of the newest event that was applied.
    pub version: i64,
    /// What it is for.
    pub title: String,
    /// What it costs.
    pub price: Decimal,
}

/// A row of the copy that `payments` has of the orders.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OrderCopy {
    /// The order.
    pub id: String,
    /// `created`, `completed` or `cancelled`.
    pub status: String,
    /// Until when it can be paid, more time included; `None` for an order that is only known to have ended.
    pub expires_at: Option<DateTime<Utc>>,
    /// The payment that completed it.
    pub payment_id: Option<String>,
}

/// A row of `payments`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PaymentRow {
    /// The payment.
    pub id: String,
    /// What it is for.
    pub order_id: String,
    /// How far it has come.
    pub status: String,
}

impl PaymentRow {
    /// Whether its money was held once and is where it stays: of that `orders` is told.
    pub(crate) fn is_settled(&self) -> bool {
        ["captured", "released", "refunded", "failed"].contains(&self.status.as_str())
    }
}

/// A row of `outbox`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OutboxRow {
    /// On which it will be published.
    pub subject: String,
    /// Its body.
    pub payload: String,
}

impl OutboxRow {
    /// The events of this kind that wait in an outbox.
    pub(crate) fn waiting<E: Event>(outbox: &[Self]) -> Vec<E> {
        let of_it = outbox.iter().filter(|row| row.subject == E::SUBJECT.as_str());
        of_it.filter_map(|row| serde_json::from_str(&row.payload).ok()).collect()
    }
}

/// What the provider's books say of one payment, in cents.
#[derive(Clone, Debug)]
pub struct Purchase {
    /// For which the money is.
    pub order: String,
    /// What was taken.
    pub captured: i64,
    /// What of it went back.
    pub refunded: i64,
    /// The money is held, and neither taken nor released.
    pub is_held: bool,
}

impl From<&LedgerEntry> for Purchase {
    fn from(entry: &LedgerEntry) -> Self {
        let order = entry.metadata.get("order").cloned().unwrap_or_default();
        let (captured, refunded, is_held) = (entry.captured, entry.refunded, entry.is_open());
        Self { order, captured, refunded, is_held }
    }
}

/// Where a consumer stands in its stream.
#[derive(Clone, Debug)]
pub struct ConsumerPlace {
    /// Its durable name.
    pub name: String,
    /// Everything up to here is acknowledged.
    pub floor: u64,
    /// The last message of the stream.
    pub last: u64,
    /// Messages that it was given and that are not answered for good.
    pub unanswered: usize,
}
