//! A database of its own for a test, with the schema, and what tests do with it.

use common::{
    event::{Id, TicketUpdated},
    traceparent::Traceparent,
};
use outbox::Wake;
use postgres::Database;
use sqlx::{PgPool, postgres::PgPoolOptions};
use testkit::{Postgres, stored::OutboxRow};
use tickets::{
    store::{Draft, OrderTicket, SCHEMA, Store},
    ticket::Ticket,
};

/// One test's tickets.
pub(crate) struct World {
    pub(crate) store: Store,
    /// For what the store has no verb for.
    pub(crate) pool: PgPool,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::on(Postgres::shared().await.unwrap()).await
    }

    /// On a server that the test may stop.
    pub(crate) async fn on(postgres: &Postgres) -> Self {
        let url = postgres.database().await.unwrap().url().to_owned();
        let database = Database::new(url.parse().unwrap(), "tickets-test", 16);
        postgres::migrate(&database, &SCHEMA).await.unwrap();
        let pool = PgPoolOptions::new().max_connections(16).connect_lazy(&url).unwrap();
        Self { store: Store::new(database, Wake::default()), pool }
    }

    /// A new ticket.
    pub(crate) async fn ticket(&self) -> Ticket {
        self.store.sell(&draft()).await.unwrap()
    }

    /// Many of them at once: `t-1`, `t-2` and so on.
    pub(crate) async fn many_tickets(&self, count: usize) {
        sqlx::query(
            "insert into tickets (id, title, price, user_id)
             select 't-' || n, 'seat', 20, 'seller' from generate_series(1, $1) n",
        )
        .bind(count as i64)
        .execute(&self.pool)
        .await
        .unwrap();
    }

    pub(crate) async fn find(&self, ticket: &Id) -> Ticket {
        self.store.find(ticket).await.unwrap().expect("the ticket is there")
    }

    /// What waits in the outbox for this subject.
    pub(crate) async fn published(&self, subject: &str) -> Vec<OutboxRow> {
        testkit::stored::outbox(&self.pool, subject).await.unwrap()
    }

    /// Every `ticket:updated` in the outbox.
    pub(crate) async fn updates(&self) -> Vec<TicketUpdated> {
        let told = self.published("ticket:updated").await;
        told.iter().map(|row| serde_json::from_str(&row.payload).unwrap()).collect()
    }
}

pub(crate) fn id(text: &str) -> Id {
    text.parse().unwrap()
}

/// A ticket that nobody has seen.
pub(crate) fn draft() -> Draft {
    Draft {
        id: Id::generate(),
        title: "Concert".to_owned(),
        price: "19.99".parse().unwrap(),
        user_id: id("seller"),
        traceparent: Traceparent::generate(),
    }
}

/// An order of a ticket.
pub(crate) fn order(order: &str, ticket: &Id) -> OrderTicket {
    OrderTicket { order: id(order), ticket: ticket.clone(), traceparent: Some(Traceparent::generate()) }
}
