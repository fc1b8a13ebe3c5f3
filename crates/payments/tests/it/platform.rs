//! The real binary on servers of its own, `orders`' part played by a raw client, the provider's by the stand-in.

use std::time::Duration;

use async_nats::jetstream::{self, message::StreamMessage};
use common::{
    clock,
    event::{
        CancelledTicket, CompletedTicket, Event, Id, OrderCancelled, OrderCompleted, OrderCreated,
        OrderStatus, OrderedTicket, PaymentCreated, PaymentRejected, PaymentSettled, SettledOutcome,
        Timestamp,
    },
};
use serde_json::Value;
use sqlx::{PgPool, postgres::PgPoolOptions};
use stripe_stand_in::StandIn;
use testkit::{Nats, Postgres, ServiceBuilder, ServiceProcess, eventually};

use crate::{
    api::{KEY, PATH, SECRET, WEBHOOK, payment, send, session},
    world::{BUYER, STRIPE_KEY, id},
};

pub(crate) const READY: Duration = Duration::from_secs(30);

/// NATS, Postgres, the provider and two `payments` processes.
pub(crate) struct Platform {
    pub(crate) replicas: [ServiceProcess; 2],
    pub(crate) nats: Nats,
    pub(crate) postgres: Postgres,
    pub(crate) pool: PgPool,
    pub(crate) stripe: StandIn,
    jetstream: jetstream::Context,
    client: reqwest::Client,
}

impl Platform {
    /// Started and ready.
    pub(crate) async fn start() -> Self {
        let (nats, postgres) = (Nats::start().await.unwrap(), Postgres::start().await.unwrap());
        let url = postgres.database().await.unwrap().url().to_owned();
        let pool = PgPoolOptions::new().max_connections(4).connect_lazy(&url).unwrap();
        let jetstream = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
        let stripe = StandIn::builder().secret_key(STRIPE_KEY).start().await.unwrap();
        let replicas =
            ["payments-1", "payments-2"].map(|name| command(&nats, &url, stripe.url()).name(name).spawn());
        let [one, two] = replicas;
        let replicas = [one.await.unwrap(), two.await.unwrap()];
        for replica in &replicas {
            replica.ready(READY).await.unwrap();
        }
        stripe.set_webhook(format!("{}{WEBHOOK}", replicas[0].http_url()), SECRET);
        let client = reqwest::Client::builder().no_proxy().timeout(READY).build().unwrap();
        Self { replicas, nats, postgres, pool, stripe, jetstream, client }
    }

    /// An order of the buyer's, as `orders` tells of it.
    pub(crate) async fn order(&self) -> Id {
        let order = Id::generate();
        self.publish(&OrderCreated {
            id: order.clone(),
            version: 0,
            status: OrderStatus::Created,
            user_id: id(BUYER),
            expires_at: Timestamp::from_millis(clock::now_ms() + 15 * 60_000),
            ticket: OrderedTicket { id: id("seat"), price: "20".parse().unwrap() },
        })
        .await;
        order
    }

    /// The buyer pays at one of the replicas; the payment's id and the address of the page. Tried again while the service
    /// is away, as a person would.
    pub(crate) async fn pay(&self, replica: usize, order: &Id, token: Option<&str>) -> (Id, Option<String>) {
        eventually("the buyer pays", 2 * READY, async || {
            let url = format!("{}{PATH}", self.replicas[replica].http_url());
            let request = self.client.post(url).header("cookie", session(BUYER));
            let request =
                request.header("content-type", "application/json").body(payment(order.as_str(), token));
            let answer = request.send().await.map_err(|error| error.to_string())?;
            let status = answer.status();
            let body: Value = answer.json().await.map_err(|error| error.to_string())?;
            if status != 201 {
                return Err(format!("{status}: {body}"));
            }
            Ok((id(body["id"].as_str().unwrap()), body["url"].as_str().map(str::to_owned)))
        })
        .await
    }

    /// The status of one request to pay.
    pub(crate) async fn try_to_pay(&self, replica: usize, body: &str) -> u16 {
        let url = format!("{}{PATH}", self.replicas[replica].http_url());
        send(self.client.post(url).header("cookie", session(BUYER)), body).await.status().as_u16()
    }

    pub(crate) async fn complete(&self, order: &Id, payment: &Id) {
        let (id, payment_id, ticket) = (order.clone(), payment.clone(), CompletedTicket { id: id("seat") });
        self.publish(&OrderCompleted { id, version: 1, payment_id, ticket }).await;
    }

    pub(crate) async fn cancel(&self, order: &Id) {
        self.publish(&OrderCancelled {
            id: order.clone(),
            version: 1,
            ticket: CancelledTicket { id: id("seat") },
        })
        .await;
    }

    pub(crate) async fn reject(&self, order: &Id, payment: &Id) {
        let (id, order_id) = (payment.clone(), order.clone());
        let reason = "The order was cancelled before it was paid".to_owned();
        self.publish(&PaymentRejected { id, order_id, stripe_id: "pi".to_owned(), reason }).await;
    }

    /// Publishes as `orders` does.
    pub(crate) async fn publish<E: Event>(&self, event: &E) {
        self.publish_bytes(E::SUBJECT.as_str(), &serde_json::to_vec(event).unwrap()).await;
    }

    pub(crate) async fn publish_bytes(&self, subject: &str, body: &[u8]) {
        testkit::publish(&self.jetstream, subject, body).await;
    }

    /// Waits until this is stored about the payment.
    pub(crate) async fn status(&self, payment: &Id, status: &str) {
        eventually("the payment's status", 2 * READY, async || {
            let found: String = sqlx::query_scalar("select status from payments where id = $1")
                .bind(payment.as_str())
                .fetch_one(&self.pool)
                .await
                .map_err(|error| error.to_string())?;
            if found == status { Ok(()) } else { Err(format!("{found} instead of {status}")) }
        })
        .await;
    }

    /// Waits until nothing is left to be told, to be answered or to be done at the provider.
    pub(crate) async fn at_rest(&self) {
        eventually("everything is at rest", 3 * READY, async || {
            let waiting: i64 = sqlx::query_scalar(
                "select (select count(*) from outbox)
                      + (select count(*) from payments where due_at is not null and (decision is not null or status = 'pending'))",
            )
            .fetch_one(&self.pool)
            .await
            .map_err(|error| error.to_string())?;
            if waiting > 0 {
                return Err(format!("{waiting} in the outbox or to be done"));
            }
            let stream = self.jetstream.get_stream("ticketing-orders").await.map_err(|error| error.to_string())?;
            for subject in ["order-created", "order-cancelled", "order-completed", "payment-rejected"] {
                let durable = format!("payments-{subject}");
                let info = stream.consumer_info(&durable).await.map_err(|error| error.to_string())?;
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

    /// How often each of these payments was told to be held, by id and sorted.
    pub(crate) async fn told(&self) -> Vec<Id> {
        let messages = self.messages("ticketing-payments", "payment:created").await;
        let read =
            |message: &StreamMessage| serde_json::from_slice::<PaymentCreated>(&message.payload).unwrap().id;
        let mut told: Vec<Id> = messages.iter().map(read).collect();
        told.sort();
        told
    }

    /// What became of a payment, as it was told.
    pub(crate) async fn outcomes(&self, payment: &Id) -> Vec<SettledOutcome> {
        let messages = self.messages("ticketing-payments", "payment:settled").await;
        let settled = messages.iter().map(|message| serde_json::from_slice(&message.payload).unwrap());
        settled.filter(|event: &PaymentSettled| event.id == *payment).map(|event| event.outcome).collect()
    }
}

/// The binary as a stranger would start it.
pub(crate) fn command(nats: &Nats, database_url: &str, stripe_url: &str) -> ServiceBuilder {
    ServiceProcess::command("payments")
        .env("NATS_URL", nats.url())
        .env("DATABASE_URL", database_url)
        .env("JWT_KEY", KEY)
        .env("STRIPE_SECRET_KEY", STRIPE_KEY)
        .env("STRIPE_WEBHOOK_SECRET", SECRET)
        .env("STRIPE_API_URL", stripe_url)
        .env("PUBLIC_URL", "https://shop.example")
        .env("RUST_LOG", "info")
}
