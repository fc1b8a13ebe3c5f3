//! The real binary on servers of its own, and the other services' part played by raw clients.

use std::time::Duration;

use async_nats::jetstream::{self, message::StreamMessage};
use common::event::{Event, Id, TicketCreated};
use futures_util::future::join_all;
use messaging::NatsSettings;
use process::config::Environment;
use reqwest::{Client, Method, Response};
use serde_json::Value;
use sqlx::{PgPool, postgres::PgPoolOptions};
use testkit::{Nats, Postgres, ServiceBuilder, ServiceProcess, eventually};

use crate::api::{KEY, session};

pub(crate) const READY: Duration = Duration::from_secs(30);

/// NATS, Postgres and one `orders` process.
pub(crate) struct Platform {
    pub(crate) nats: Nats,
    pub(crate) postgres: Postgres,
    pub(crate) pool: PgPool,
    pub(crate) orders: ServiceProcess,
    pub(crate) jetstream: jetstream::Context,
    client: Client,
    database_url: String,
    window: &'static str,
}

impl Platform {
    /// Started and ready, with this time to pay.
    pub(crate) async fn start(window: &'static str) -> Self {
        let (nats, postgres) = (Nats::start().await.unwrap(), Postgres::start().await.unwrap());
        let database_url = postgres.database().await.unwrap().url().to_owned();
        let pool = PgPoolOptions::new().max_connections(4).connect_lazy(&database_url).unwrap();
        let jetstream = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
        let orders = command(&nats, &database_url, window).spawn().await.unwrap();
        orders.ready(READY).await.unwrap();
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        Self { nats, postgres, pool, orders, jetstream, client, database_url, window }
    }

    /// Another process of the service beside the first.
    pub(crate) async fn replica(&self) -> ServiceProcess {
        let replica =
            command(&self.nats, &self.database_url, self.window).name("orders-2").spawn().await.unwrap();
        replica.ready(READY).await.unwrap();
        replica
    }

    /// Tells of a new ticket and waits until this service knows it.
    pub(crate) async fn ticket(&self) -> Id {
        let event = TicketCreated {
            id: Id::generate(),
            version: 0,
            title: "Concert".to_owned(),
            price: "20".parse().unwrap(),
            user_id: Id::generate(),
        };
        self.publish(&event).await;
        eventually("the ticket is known", READY, async || {
            let known: bool = sqlx::query_scalar("select exists (select from tickets where id = $1)")
                .bind(event.id.as_str())
                .fetch_one(&self.pool)
                .await
                .map_err(|error| error.to_string())?;
            if known { Ok(()) } else { Err("unknown".to_owned()) }
        })
        .await;
        event.id
    }

    /// Publishes as another service does.
    pub(crate) async fn publish<E: Event>(&self, event: &E) {
        testkit::publish(&self.jetstream, E::SUBJECT.as_str(), &serde_json::to_vec(event).unwrap()).await;
    }

    /// Publishes many at once, each awaited.
    pub(crate) async fn publish_all<E: Event>(&self, events: &[E]) {
        for some in events.chunks(500) {
            join_all(some.iter().map(|event| self.publish(event))).await;
        }
    }

    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        user: &str,
        body: &str,
    ) -> reqwest::Result<Response> {
        let request = self.client.request(method, format!("{}{path}", self.orders.http_url()));
        let request = request.header("cookie", session(user)).header("content-type", "application/json");
        request.body(body.to_owned()).send().await
    }

    /// Orders a ticket over HTTP. `None` unless it was answered with 201.
    pub(crate) async fn try_order(&self, ticket: &Id) -> Option<Id> {
        let body = format!(r#"{{"ticketId":"{ticket}"}}"#);
        let answer = self.request(Method::POST, "/api/orders", "u-1", &body).await.ok()?;
        if answer.status() != 201 {
            return None;
        }
        let body: Value = answer.json().await.ok()?;
        body["id"].as_str()?.parse().ok()
    }

    /// Orders a new ticket over HTTP.
    pub(crate) async fn order(&self) -> Id {
        let ticket = self.ticket().await;
        self.try_order(&ticket).await.expect("the order is placed")
    }

    pub(crate) async fn status(&self, order: &Id) -> Result<String, String> {
        sqlx::query_scalar("select status from orders where id = $1")
            .bind(order.as_str())
            .fetch_one(&self.pool)
            .await
            .map_err(|error| error.to_string())
    }

    /// Waits until the order stands so.
    pub(crate) async fn becomes(&self, order: &Id, status: &str, limit: Duration) {
        eventually("the order's status", limit, async || match self.status(order).await? {
            found if found == status => Ok(()),
            found => Err(format!("{found} instead of {status}")),
        })
        .await;
    }

    /// Waits until every order is cancelled and the outbox is empty.
    pub(crate) async fn all_cancelled(&self, limit: Duration) {
        eventually("all orders are cancelled and told", limit, async || {
            let (open, waiting): (i64, i64) = sqlx::query_as(
                "select (select count(*) from orders where status <> 'cancelled'), (select count(*) from outbox)",
            )
            .fetch_one(&self.pool)
            .await
            .map_err(|error| error.to_string())?;
            if (open, waiting) == (0, 0) { Ok(()) } else { Err(format!("{open} open, {waiting} in the outbox")) }
        })
        .await;
    }

    /// The longest time that an order outlived its expiry.
    pub(crate) async fn latest(&self) -> Duration {
        let seconds: f64 = sqlx::query_scalar(
            "select coalesce(max(extract(epoch from cancelled_at - expires_at)), 0)::float8 from orders",
        )
        .fetch_one(&self.pool)
        .await
        .unwrap();
        Duration::from_secs_f64(seconds)
    }

    /// Every message of a stream with this subject; none if there is no stream.
    pub(crate) async fn messages(&self, stream: &str, subject: &str) -> Vec<StreamMessage> {
        testkit::stored::messages(&self.jetstream, stream, subject).await.unwrap()
    }

    /// The orders that events of this subject tell of, sorted, as often as they do.
    pub(crate) async fn published(&self, subject: &str) -> Vec<String> {
        let messages = self.messages("ticketing-orders", subject).await;
        let id = |message: StreamMessage| {
            let body: Value = serde_json::from_slice(&message.payload).unwrap();
            body["id"].as_str().unwrap().to_owned()
        };
        let mut orders: Vec<String> = messages.into_iter().map(id).collect();
        orders.sort();
        orders
    }

    /// Reasons of the dead letters.
    pub(crate) async fn dead_letters(&self) -> Vec<String> {
        let letters = self.messages("ticketing-dead-letters", "").await;
        let reason =
            |letter: StreamMessage| letter.headers.get("dead-letter-reason").unwrap().as_str().to_owned();
        letters.into_iter().map(reason).collect()
    }
}

/// The binary as a stranger would start it.
pub(crate) fn command(nats: &Nats, database_url: &str, window: &str) -> ServiceBuilder {
    ServiceProcess::command("orders")
        .env("NATS_URL", nats.url())
        .env("DATABASE_URL", database_url)
        .env("JWT_KEY", KEY)
        .env("ORDER_EXPIRATION_WINDOW", window)
        .env("MAX_UNPAID_ORDERS", "0")
        .env("RUST_LOG", "info")
}

/// For a broker in the test's own process.
pub(crate) fn nats_settings(nats: &Nats) -> NatsSettings {
    Environment::judge(&[("NATS_URL", nats.url().as_str())], NatsSettings::read).unwrap()
}

/// Publishes as another service does, where there is no platform.
pub(crate) async fn publish<E: Event>(nats: &Nats, event: &E) {
    let jetstream = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    testkit::publish(&jetstream, E::SUBJECT.as_str(), &serde_json::to_vec(event).unwrap()).await;
}
