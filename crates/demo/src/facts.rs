//! What is to be seen in the database, on the broker and in Redis when everything is over.

use std::collections::HashMap;

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use common::{
    Service, event::Event, event::ExpirationComplete, event::Id, event::OrderCancelled,
    event::OrderCompleted, event::OrderCreated, event::OrderExtended, event::PaymentCreated,
    event::PaymentRejected, event::PaymentSettled, event::Subject, event::TicketCreated,
    event::TicketUpdated,
};
use sqlx::PgPool;
use stripe_stand_in::LedgerEntry;

use super::{
    ledger::Entry,
    quiescence::Quiescence,
    streams::{self, Stored},
};

/// Everything that the invariants are checked against. Collected once, then only looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// The orders that their buyers know to be placed.
    pub(super) placed: Vec<Entry>,
    /// The table `orders` of `orders`.
    pub(super) rows: Vec<OrderRow>,
    /// The table `outbox` of `orders`.
    pub(super) outbox: Vec<OutboxRow>,
    /// The table `tickets` of `tickets`.
    pub(super) ticket_rows: Vec<TicketRow>,
    /// The table `outbox` of `tickets`.
    pub(super) ticket_outbox: Vec<OutboxRow>,
    pub(super) created: Vec<OrderCreated>,
    pub(super) cancelled: Vec<OrderCancelled>,
    pub(super) extended: Vec<OrderExtended>,
    pub(super) fired: Vec<At<ExpirationComplete>>,
    /// `None` for a body that is no payment.
    pub(super) payments: Vec<At<Option<PaymentCreated>>>,
    pub(super) completed: Vec<OrderCompleted>,
    pub(super) rejected: Vec<PaymentRejected>,
    pub(super) settled: Vec<PaymentSettled>,
    /// What the provider's books say.
    pub(super) purchases: Vec<Purchase>,
    pub(super) offered: Vec<TicketCreated>,
    /// In the order in which they are stored.
    pub(super) tickets: Vec<TicketUpdated>,
    /// Messages that are not of the contract, other than payments.
    pub(super) unreadable: Vec<String>,
    pub(super) dead_letters: Vec<DeadLetter>,
    /// Subjects of the dead letters that an operator has replayed.
    pub(super) replayed: Vec<String>,
    /// The service of which a process was killed.
    pub(super) killed: Option<Service>,
    /// When orders were first seen complete, in ms since the Unix epoch.
    pub(super) complete_at_ms: HashMap<Id, i64>,
    /// What has not come to rest, one text each.
    pub(super) unrest: Vec<String>,
    /// How many consumers were looked at for it.
    pub(super) consumers: usize,
}

/// An event and its place in its stream.
#[derive(Clone, Debug)]
pub(super) struct At<E> {
    pub(super) event: E,
    pub(super) sequence: u64,
    /// When the broker stored it, in ms since the Unix epoch.
    pub(super) at_ms: i64,
}

/// A row of `orders`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct OrderRow {
    pub(super) id: String,
    pub(super) version: i64,
    pub(super) status: String,
    pub(super) ticket_id: String,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) cancelled_at: Option<DateTime<Utc>>,
    pub(super) cancel_reason: Option<String>,
    pub(super) payment_id: Option<String>,
}

impl OrderRow {
    pub(super) fn is_cancelled(&self) -> bool {
        self.status == "cancelled"
    }

    pub(super) fn is_complete(&self) -> bool {
        self.status == "complete"
    }

    /// For an order that was cancelled because its time was over: by how many ms after that.
    pub(super) fn lateness_ms(&self) -> Option<f64> {
        let at = self.cancelled_at.filter(|_| self.cancel_reason.as_deref() == Some("expired"))?;
        Some((at - self.expires_at).as_seconds_f64() * 1_000.0)
    }
}

/// A row of `tickets`, which `tickets` owns.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct TicketRow {
    pub(super) id: String,
    pub(super) version: i64,
    /// Who holds it.
    pub(super) order_id: Option<String>,
}

/// A row of `outbox`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct OutboxRow {
    pub(super) subject: String,
    pub(super) payload: String,
}

/// What the provider's books say of one payment, in cents.
#[derive(Clone, Debug)]
pub(super) struct Purchase {
    pub(super) order: String,
    pub(super) captured: i64,
    pub(super) refunded: i64,
    /// The money is held, and neither taken nor released.
    pub(super) is_held: bool,
}

impl From<&LedgerEntry> for Purchase {
    fn from(entry: &LedgerEntry) -> Self {
        let order = entry.metadata.get("order").cloned().unwrap_or_default();
        let (captured, refunded, is_held) = (entry.captured, entry.refunded, entry.is_open());
        Self { order, captured, refunded, is_held }
    }
}

/// A dead letter, and why.
#[derive(Clone, Debug)]
pub(super) struct DeadLetter {
    pub(super) subject: String,
    pub(super) reason: String,
}

impl Facts {
    /// Reads the streams and the databases.
    pub(super) async fn collect(rest: &Quiescence) -> Result<Self> {
        let mut facts = Self::default();
        for service in Service::ON_THE_BROKER {
            for message in streams::read(&rest.jetstream, &streams::topology().stream_name(service)).await? {
                facts.add(&message);
            }
        }
        let dead_letters =
            streams::read(&rest.jetstream, &streams::topology().dead_letter_stream_name()).await?;
        facts.dead_letters = dead_letters
            .into_iter()
            .map(|letter| DeadLetter { subject: letter.subject, reason: letter.reason.unwrap_or_default() })
            .collect();
        facts.rows = sqlx::query_as(
            "select id, version, status, ticket_id, expires_at, cancelled_at, cancel_reason, payment_id
             from orders order by id",
        )
        .fetch_all(&rest.orders)
        .await
        .context("read the orders")?;
        facts.ticket_rows = sqlx::query_as("select id, version, order_id from tickets order by id")
            .fetch_all(&rest.tickets)
            .await
            .context("read the tickets")?;
        facts.outbox = outbox(&rest.orders).await.context("read the outbox of orders")?;
        facts.ticket_outbox = outbox(&rest.tickets).await.context("read the outbox of tickets")?;
        Ok(facts)
    }

    fn add(&mut self, message: &Stored) {
        let Stored { sequence, at_ms, .. } = *message;
        let read = match message.subject.parse() {
            Ok(Subject::TicketCreated) => body(message).map(|event| self.offered.push(event)),
            Ok(Subject::TicketUpdated) => body(message).map(|event| self.tickets.push(event)),
            Ok(Subject::OrderCreated) => body(message).map(|event| self.created.push(event)),
            Ok(Subject::OrderCancelled) => body(message).map(|event| self.cancelled.push(event)),
            Ok(Subject::OrderCompleted) => body(message).map(|event| self.completed.push(event)),
            Ok(Subject::OrderExtended) => body(message).map(|event| self.extended.push(event)),
            Ok(Subject::PaymentRejected) => body(message).map(|event| self.rejected.push(event)),
            Ok(Subject::PaymentSettled) => body(message).map(|event| self.settled.push(event)),
            Ok(Subject::ExpirationComplete) => {
                body(message).map(|event| self.fired.push(At { event, sequence, at_ms }))
            }
            Ok(Subject::PaymentCreated) => {
                self.payments.push(At { event: body(message), sequence, at_ms });
                Some(())
            }
            Err(_) => None,
        };
        if read.is_none() {
            self.unreadable.push(format!("{} {sequence}", message.subject));
        }
    }
}

async fn outbox(database: &PgPool) -> sqlx::Result<Vec<OutboxRow>> {
    sqlx::query_as("select subject, payload from outbox order by position").fetch_all(database).await
}

fn body<E: Event>(message: &Stored) -> Option<E> {
    serde_json::from_slice(&message.payload).ok()
}
