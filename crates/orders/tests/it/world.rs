//! A database of its own for a test, with the schema, and what tests do with it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use common::{
    clock,
    event::{Id, PaymentCreated},
    traceparent::Traceparent,
};
use orders::{
    handlers::OnExpirationComplete,
    order::{Order, Ticket},
    store::{Placed, Placement, SCHEMA, Store},
    sweeper::Sweeper,
    watermark::{Watermark, Watermarks},
};
use outbox::Wake;
use postgres::Database;
use sqlx::{PgPool, postgres::PgPoolOptions};
use testkit::{Postgres, stored::OutboxRow};

pub(crate) const QUARTER: Duration = Duration::from_secs(15 * 60);

/// One test's orders.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) database: Database,
    /// For what the store has no verb for.
    pub(crate) pool: PgPool,
    database_url: String,
}

/// What the database says about an order.
#[derive(Debug, PartialEq, sqlx::FromRow)]
pub(crate) struct OrderRow {
    pub(crate) version: i64,
    pub(crate) status: String,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) cancelled_at: Option<DateTime<Utc>>,
    pub(crate) cancel_reason: Option<String>,
    pub(crate) payment_id: Option<String>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::on(Postgres::shared().await.unwrap()).await
    }

    /// On a server that the test may stop.
    pub(crate) async fn on(postgres: &Postgres) -> Self {
        let url = postgres.database().await.unwrap().url().to_owned();
        let database = Database::new(url.parse().unwrap(), "orders-test", 16);
        postgres::migrate(&database, &SCHEMA).await.unwrap();
        let store = Store::new(database.clone(), Wake::default());
        let pool = PgPoolOptions::new().max_connections(16).connect_lazy(&url).unwrap();
        Self { store, database, pool, database_url: url }
    }

    /// For a process of the service on the same database.
    pub(crate) fn database_url(&self) -> &str {
        &self.database_url
    }

    /// A new ticket, known to this service.
    pub(crate) async fn ticket(&self) -> Id {
        let ticket = ticket(0);
        let id = ticket.id.clone();
        assert_eq!(self.store.apply_tickets([ticket]).await.unwrap(), 1);
        id
    }

    /// A new unpaid order for a new ticket.
    pub(crate) async fn order(&self, window: Duration) -> Order {
        let wish = Placement { window, ..wish(&self.ticket().await) };
        match self.store.place(&wish).await.unwrap() {
            Placed::Order(order) => order,
            other => panic!("not placed: {other:?}"),
        }
    }

    /// A new unpaid order whose time was over so long ago.
    pub(crate) async fn overdue(&self, by: Duration) -> Order {
        let order = self.order(QUARTER).await;
        self.backdate(&order.id, by).await;
        order
    }

    /// Many of them at once, in the order of their ids.
    pub(crate) async fn many_overdue(&self, count: i64, by: Duration) -> Vec<Id> {
        sqlx::query("insert into tickets select 't-' || n, 0, 'seat', 20 from generate_series(1, $1) n")
            .bind(count)
            .execute(&self.pool)
            .await
            .unwrap();
        let ids: Vec<String> = sqlx::query_scalar(
            "insert into orders (id, ticket_id, user_id, expires_at)
             select 'o-' || n, 't-' || n, 'u-1', now() - $2 * interval '1 ms' from generate_series(1, $1) n
             returning id",
        )
        .bind(count)
        .bind(by.as_millis() as i64)
        .fetch_all(&self.pool)
        .await
        .unwrap();
        let mut ids: Vec<Id> = ids.into_iter().map(|id| id.parse().unwrap()).collect();
        ids.sort();
        ids
    }

    pub(crate) async fn backdate(&self, order: &Id, by: Duration) {
        let updated =
            sqlx::query("update orders set expires_at = now() - $2 * interval '1 ms' where id = $1")
                .bind(order.as_str())
                .bind(by.as_millis() as i64)
                .execute(&self.pool)
                .await
                .unwrap();
        assert_eq!(updated.rows_affected(), 1);
    }

    pub(crate) async fn set_status(&self, order: &Id, status: &str) {
        let updated = sqlx::query("update orders set status = $2 where id = $1")
            .bind(order.as_str())
            .bind(status)
            .execute(&self.pool)
            .await
            .unwrap();
        assert_eq!(updated.rows_affected(), 1);
    }

    pub(crate) async fn row(&self, order: &Id) -> OrderRow {
        sqlx::query_as("select * from orders where id = $1")
            .bind(order.as_str())
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// How many orders stand at this status.
    pub(crate) async fn count(&self, status: &str) -> i64 {
        sqlx::query_scalar("select count(*) from orders where status = $1")
            .bind(status)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// What waits in the outbox for this subject.
    pub(crate) async fn published(&self, subject: &str) -> Vec<OutboxRow> {
        testkit::stored::outbox(&self.pool, subject).await.unwrap()
    }

    /// Waits until so many sessions wait for a row that another one holds.
    pub(crate) async fn blocked(&self, sessions: i64) {
        testkit::eventually("sessions wait for a lock", Duration::from_secs(10), async || {
            let waiting: i64 = sqlx::query_scalar(
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
            )
            .fetch_one(&self.pool)
            .await
            .map_err(|error| error.to_string())?;
            if waiting >= sessions { Ok(()) } else { Err(format!("{waiting} of {sessions}")) }
        })
        .await;
    }
}

pub(crate) fn id(text: &str) -> Id {
    text.parse().unwrap()
}

/// A ticket that nobody has seen.
pub(crate) fn ticket(version: u32) -> Ticket {
    Ticket { id: Id::generate(), version, title: "Concert".to_owned(), price: "19.99".parse().unwrap() }
}

/// Some buyer's wish for a ticket.
pub(crate) fn wish(ticket: &Id) -> Placement {
    Placement {
        order_id: Id::generate(),
        ticket_id: ticket.clone(),
        user_id: Id::generate(),
        window: QUARTER,
        most_unpaid: None,
        requested_at: clock::now(),
        traceparent: Traceparent::generate(),
    }
}

/// A new payment for an order.
pub(crate) fn payment(order: &Id) -> PaymentCreated {
    PaymentCreated { id: Id::generate(), order_id: order.clone(), stripe_id: "ch_1".to_owned() }
}

/// The handler, where no payment is on its way.
pub(crate) fn on_expiration(world: &World) -> OnExpirationComplete {
    OnExpirationComplete { store: world.store.clone(), watermarks: Watermarks::fixed(Watermark::Waived) }
}

/// The sweeper, where no payment is on its way.
pub(crate) fn sweeper(world: &World) -> Sweeper {
    Sweeper::new(world.store.clone(), Watermarks::fixed(Watermark::Waived))
}

impl World {
    /// All orders of a buyer.
    pub(crate) async fn orders_of(&self, user: &Id) -> Vec<Order> {
        self.store.orders_of(user, None, 1_000).await.unwrap().expect("there is no cursor")
    }
}
