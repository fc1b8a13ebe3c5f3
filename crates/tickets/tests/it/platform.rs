//! The real binary on servers of its own, and the other services' part played by raw clients.

use std::time::Duration;

use async_nats::jetstream::{self, message::StreamMessage};
use common::event::{
    CancelledTicket, Event, Id, OrderCancelled, OrderCreated, OrderStatus, OrderedTicket, TicketUpdated,
};
use serde_json::Value;
use sqlx::{PgPool, postgres::PgPoolOptions};
use testkit::{Nats, Postgres, ServiceBuilder, ServiceProcess, eventually};

use crate::api::{KEY, send, session};

pub(crate) const READY: Duration = Duration::from_secs(30);

/// NATS, Postgres and two `tickets` processes.
pub(crate) struct Platform {
    pub(crate) replicas: [ServiceProcess; 2],
    pub(crate) nats: Nats,
    pub(crate) postgres: Postgres,
    pub(crate) pool: PgPool,
    pub(crate) jetstream: jetstream::Context,
    client: reqwest::Client,
}

impl Platform {
    /// Started and ready.
    pub(crate) async fn start() -> Self {
        let (nats, postgres) = (Nats::start().await.unwrap(), Postgres::start().await.unwrap());
        let url = postgres.database().await.unwrap().url().to_owned();
        let pool = PgPoolOptions::new().max_connections(4).connect_lazy(&url).unwrap();
        let jetstream = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
        let replicas = [command(&nats, &url).name("tickets-1"), command(&nats, &url).name("tickets-2")]
            .map(ServiceBuilder::spawn);
        let [one, two] = replicas;
        let replicas = [one.await.unwrap(), two.await.unwrap()];
        for replica in &replicas {
            replica.ready(READY).await.unwrap();
        }
        let client = reqwest::Client::builder().no_proxy().timeout(READY).build().unwrap();
        Self { replicas, nats, postgres, pool, jetstream, client }
    }

    /// Puts a ticket up for sale over HTTP.
    pub(crate) async fn ticket(&self) -> Id {
        let url = format!("{}/api/tickets", self.replicas[0].http_url());
        let request = self.client.post(url).header("cookie", session("seller"));
        let answer = send(request, r#"{"title":"Concert","price":20}"#).await;
        assert_eq!(answer.status(), 201);
        answer.json::<Value>().await.unwrap()["id"].as_str().unwrap().parse().unwrap()
    }

    /// Publishes as `orders` does.
    pub(crate) async fn publish<E: Event>(&self, event: &E) {
        self.publish_bytes(E::SUBJECT.as_str(), &serde_json::to_vec(event).unwrap()).await;
    }

    pub(crate) async fn publish_bytes(&self, subject: &str, body: &[u8]) {
        testkit::publish(&self.jetstream, subject, body).await;
    }

    /// Waits until the ticket is held by this order, or free.
    pub(crate) async fn held_by(&self, ticket: &Id, order: Option<&Id>) {
        let expected = order.map(Id::to_string);
        eventually("the ticket's holder", 2 * READY, async || {
            let found: Option<String> = sqlx::query_scalar("select order_id from tickets where id = $1")
                .bind(ticket.as_str())
                .fetch_one(&self.pool)
                .await
                .map_err(|error| error.to_string())?;
            if found == expected { Ok(()) } else { Err(format!("{found:?} instead of {expected:?}")) }
        })
        .await;
    }

    /// Waits until nothing is left to be told or to be answered.
    pub(crate) async fn at_rest(&self) {
        eventually("everything is at rest", 2 * READY, async || {
            let waiting: i64 = sqlx::query_scalar("select count(*) from outbox")
                .fetch_one(&self.pool)
                .await
                .map_err(|error| error.to_string())?;
            if waiting > 0 {
                return Err(format!("{waiting} in the outbox"));
            }
            let stream =
                self.jetstream.get_stream("ticketing-orders").await.map_err(|error| error.to_string())?;
            for durable in ["tickets-order-created", "tickets-order-cancelled"] {
                let info = stream.consumer_info(durable).await.map_err(|error| error.to_string())?;
                if info.num_pending > 0 || info.num_ack_pending > 0 {
                    return Err(format!("{durable}: {} and {}", info.num_pending, info.num_ack_pending));
                }
            }
            Ok(())
        })
        .await;
    }

    /// Every message of a stream with this subject; none if there is no stream.
    pub(crate) async fn messages(&self, stream: &str, subject: &str) -> Vec<StreamMessage> {
        testkit::stored::messages(&self.jetstream, stream, subject).await.unwrap()
    }

    /// The holders of a ticket by version, as they were told.
    pub(crate) async fn published(&self, ticket: &Id) -> Vec<(u32, Option<Id>)> {
        let messages = self.messages("ticketing-tickets", "ticket:updated").await;
        let updates = messages.iter().map(|message| serde_json::from_slice(&message.payload).unwrap());
        let mut told: Vec<_> = updates
            .filter(|update: &TicketUpdated| update.id == *ticket)
            .map(|update| (update.version, update.order_id))
            .collect();
        told.sort();
        told
    }
}

/// The binary as a stranger would start it.
pub(crate) fn command(nats: &Nats, database_url: &str) -> ServiceBuilder {
    ServiceProcess::command("tickets")
        .env("NATS_URL", nats.url())
        .env("DATABASE_URL", database_url)
        .env("JWT_KEY", KEY)
        .env("RUST_LOG", "info")
}

pub(crate) fn created(order: &Id, ticket: &Id) -> OrderCreated {
    OrderCreated {
        id: order.clone(),
        version: 0,
        status: OrderStatus::Created,
        user_id: Id::generate(),
        expires_at: "2026-01-31T12:00:00.000Z".parse().unwrap(),
        ticket: OrderedTicket { id: ticket.clone(), price: "20".parse().unwrap() },
    }
}

pub(crate) fn cancelled(order: &Id, ticket: &Id) -> OrderCancelled {
    OrderCancelled { id: order.clone(), version: 1, ticket: CancelledTicket { id: ticket.clone() } }
}
