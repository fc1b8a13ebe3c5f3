//! Reads the streams and the databases when everything is over.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use common::{Service, event::Id};
use sqlx::{FromRow, PgPool, postgres::PgRow};
use stripe_stand_in::LedgerEntry;

use crate::{
    bounds::Bounds,
    facts::{DeadLetter, Facts, Purchase},
    quiescence::Quiescence,
    record::{Heard, Record},
    streams::{self, Stored},
};

/// For an answer that is on its way to the broker.
const MOMENT: Duration = Duration::from_secs(1);

impl Facts {
    /// Reads the streams and the databases, and adds what was seen, what was broken and what the provider's books say.
    ///
    /// # Errors
    /// When something can't be read; the text says what.
    pub async fn collect(
        rest: &Quiescence,
        record: Record,
        bounds: Bounds,
        books: &[LedgerEntry],
    ) -> Result<Self> {
        let purchases = books.iter().map(Purchase::from).collect();
        let mut facts = Self { record, bounds, purchases, ..Self::default() };
        let mut there = Vec::new();
        for service in Service::ON_THE_BROKER {
            there.extend(streams::read(&rest.jetstream, &rest.topology.stream_name(service)).await?);
        }
        facts.take(there);
        let dead_letters = streams::read(&rest.jetstream, &rest.topology.dead_letter_stream_name()).await?;
        facts.dead_letters = dead_letters
            .into_iter()
            .map(|Stored { subject, sequence, at_ms, reason, payload }| DeadLetter {
                sequence,
                at_ms,
                subject,
                reason: reason.unwrap_or_default(),
                body: payload,
            })
            .collect();
        facts.tables(rest).await?;
        facts.unrest = unrest(rest, &facts.record.foreign_orders()).await?;
        facts.consumers = rest.places().await?;
        Ok(facts)
    }

    /// Takes what is in the services' streams, and what was heard and is not there any more.
    pub(crate) fn take(&mut self, there: Vec<Stored>) {
        for message in &there {
            self.add(message, false);
        }
        let mut known: HashSet<(&str, &[u8])> =
            there.iter().map(|message| (message.subject.as_str(), message.payload.as_ref())).collect();
        let heard = std::mem::take(&mut self.record.heard);
        let new = heard.iter().filter(|heard| known.insert((heard.subject.as_str(), heard.body.as_ref())));
        let gone: Vec<Stored> = new.map(stored).collect();
        for message in &gone {
            self.add(message, true);
        }
        self.messages = there.into_iter().chain(gone.iter().cloned()).collect();
        self.messages.sort_by_key(|message| message.at_ms);
        (self.gone, self.record.heard) = (gone, heard);
    }

    async fn tables(&mut self, rest: &Quiescence) -> Result<()> {
        let Quiescence { orders, tickets, payments, .. } = rest;
        self.rows = table(
            orders,
            "select id, version, status, ticket_id, created_at, expires_at, cancelled_at, cancel_reason, payment_id,
               completed_at, payment_outcome, price
             from orders order by id",
        )
        .await
        .context("read the orders")?;
        self.ticket_copies = table(orders, "select id, version, title, price from tickets order by id")
            .await
            .context("read the copy of the tickets")?;
        self.owed = sqlx::query_scalar("select payment_id from rejected_payments where settled_at is null")
            .fetch_all(orders)
            .await
            .context("read the rejected payments")?;
        self.ticket_rows =
            table(tickets, "select id, version, title, price, order_id from tickets order by id")
                .await
                .context("read the tickets")?;
        self.order_copies = table(
            payments,
            "select id, status, greatest(expires_at, extended_to) as expires_at, payment_id
             from orders order by id",
        )
        .await
        .context("read the copy of the orders")?;
        self.payment_rows = table(payments, "select id, order_id, status from payments order by id")
            .await
            .context("read the payments")?;
        const OUTBOX: &str = "select subject, payload from outbox order by position";
        self.outbox = table(orders, OUTBOX).await.context("read the outbox of orders")?;
        self.ticket_outbox = table(tickets, OUTBOX).await.context("read the outbox of tickets")?;
        Ok(())
    }
}

/// Looks more than once: a message that was just given up is in hand until that is known to the broker.
async fn unrest(rest: &Quiescence, foreign: &[Id]) -> Result<Vec<String>> {
    let deadline = Instant::now() + MOMENT;
    loop {
        let unrest = rest.unrest_but(foreign).await?;
        if unrest.is_empty() || Instant::now() >= deadline {
            return Ok(unrest);
        }
    }
}

/// As it would have been stored. Nobody was told its place.
fn stored(heard: &Heard) -> Stored {
    Stored {
        subject: heard.subject.to_string(),
        sequence: 0,
        at_ms: heard.at_ms,
        payload: heard.body.clone(),
        reason: None,
    }
}

async fn table<R>(database: &PgPool, query: &'static str) -> sqlx::Result<Vec<R>>
where
    R: for<'row> FromRow<'row, PgRow> + Send + Unpin,
{
    sqlx::query_as(query).fetch_all(database).await
}
