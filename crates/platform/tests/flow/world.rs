//! The platform with two of everything, and what a test sees of it from outside.

use std::time::Duration;

use async_nats::{
    Client, HeaderMap,
    jetstream::{self, message::StreamMessage},
};
use common::{
    Service,
    event::{Event, Id, PaymentCreated},
};
use messaging::topology::Topology;
use platform::{CLUSTER, Platform};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use testkit::eventually;

use crate::people::Person;

pub(crate) const SOON: Duration = Duration::from_secs(60);

/// The platform: in most tests two processes of each service behind the gateway.
pub(crate) struct World {
    pub(crate) platform: Platform,
    pub(crate) nats: Client,
    pub(crate) jetstream: jetstream::Context,
}

impl World {
    pub(crate) async fn start(window: Duration) -> Self {
        let two = |builder: platform::PlatformBuilder, name| builder.replicas(name, 2);
        Self::of(Service::OURS.into_iter().fold(Platform::builder().window(window), two)).await
    }

    /// As [`Self::start`], where a buyer may have as many unpaid orders as he likes.
    pub(crate) async fn without_limits(window: Duration) -> Self {
        let two = |builder: platform::PlatformBuilder, name| builder.replicas(name, 2);
        let builder = Service::OURS.into_iter().fold(Platform::builder().window(window), two);
        Self::of(builder.env("MAX_UNPAID_ORDERS", "0")).await
    }

    /// As [`Self::start`], with streams that hold so many bytes, and no limit on a seller's changes.
    pub(crate) async fn with_streams_of(window: Duration, bytes: i64) -> Self {
        let builder = Platform::builder().window(window).env("NATS_STREAM_BYTES", bytes.to_string());
        Self::of(builder.env("MAX_EDITS_PER_MINUTE", "0")).await
    }

    /// The servers alone: the test starts the services on them.
    pub(crate) async fn without_services() -> Self {
        let none = |builder: platform::PlatformBuilder, name| builder.replicas(name, 0);
        Self::of(Service::OURS.into_iter().fold(Platform::builder(), none)).await
    }

    pub(crate) async fn of(builder: platform::PlatformBuilder) -> Self {
        let platform = builder.start().await.unwrap();
        let nats = async_nats::connect(platform.nats().url()).await.unwrap();
        Self { platform, jetstream: jetstream::new(nats.clone()), nats }
    }

    /// Charges for an order and tells it, as a `payments` does that knows nothing of authorising.
    pub(crate) async fn pay(&self, order: &Id) {
        let id = Id::generate();
        let payment = PaymentCreated { id, order_id: order.clone(), stripe_id: "ch_1".to_owned() };
        let body = serde_json::to_vec(&payment).unwrap();
        self.publish(PaymentCreated::SUBJECT.as_str(), HeaderMap::new(), body).await;
    }

    #[expect(clippy::disallowed_methods, reason = "this plays a service in another language")]
    pub(crate) async fn publish(&self, subject: &str, headers: HeaderMap, body: Vec<u8>) {
        let sent = self.jetstream.publish_with_headers(subject.to_owned(), headers, body.into()).await;
        sent.unwrap().await.unwrap();
    }

    /// Waits until a ticket is as `expected` says of its body.
    pub(crate) async fn ticket_is(
        &self,
        person: &Person,
        ticket: &Id,
        what: &str,
        expected: impl Fn(&Value) -> bool,
    ) -> Value {
        self.shows(person, &format!("/api/tickets/{ticket}"), what, expected).await
    }

    /// Waits until an order is as `expected` says of its body.
    pub(crate) async fn order_is(
        &self,
        person: &Person,
        order: &Id,
        what: &str,
        expected: impl Fn(&Value) -> bool,
    ) -> Value {
        self.shows(person, &format!("/api/orders/{order}"), what, expected).await
    }

    async fn shows(&self, person: &Person, path: &str, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        eventually(what, SOON, async || {
            let body = person.get(path).await;
            if is(&body) { Ok(body) } else { Err(body.to_string()) }
        })
        .await
    }

    /// How many tickets `orders` has copied.
    pub(crate) async fn known_tickets(&self) -> i64 {
        let url = self.platform.database_url(Service::Orders).unwrap();
        let mut orders = PgConnection::connect(url).await.unwrap();
        sqlx::query_scalar("select count(*) from tickets").fetch_one(&mut orders).await.unwrap()
    }

    /// Waits until the copy that `orders` has of a ticket is at this version.
    pub(crate) async fn copy_is(&self, ticket: &Id, version: i64) {
        let url = self.platform.database_url(Service::Orders).unwrap();
        let mut orders = PgConnection::connect(url).await.unwrap();
        eventually("the copy is up to date", SOON, async || {
            let copy = sqlx::query_scalar("select version from tickets where id = $1");
            let copy: i64 = copy.bind(ticket.as_str()).fetch_one(&mut orders).await.unwrap();
            if copy == version { Ok(()) } else { Err(format!("version {copy}")) }
        })
        .await;
    }

    /// Every message of a subject, in the order of its stream.
    pub(crate) async fn messages(&self, subject: common::event::Subject) -> Vec<StreamMessage> {
        let name = Topology::new(CLUSTER, 1).stream_name(subject.publisher());
        let all = self.all_messages(&name).await;
        all.into_iter().filter(|message| message.subject.as_str() == subject.as_str()).collect()
    }

    /// Every dead letter's subject and reason.
    pub(crate) async fn dead_letters(&self) -> Vec<String> {
        let letters = self.all_messages(&Topology::new(CLUSTER, 1).dead_letter_stream_name()).await;
        let reason = |headers: &HeaderMap| {
            headers.get("dead-letter-reason").map_or("", |reason| reason.as_str()).to_owned()
        };
        letters.iter().map(|letter| format!("{}: {}", letter.subject, reason(&letter.headers))).collect()
    }

    async fn all_messages(&self, stream: &str) -> Vec<StreamMessage> {
        testkit::stored::messages(&self.jetstream, stream, "").await.unwrap()
    }
}

/// Whether a ticket is held by this order.
pub(crate) fn held_by(order: &Id) -> impl Fn(&Value) -> bool {
    let order = order.to_string();
    move |ticket| ticket["orderId"] == order.as_str()
}

/// Whether a ticket is free.
pub(crate) fn free(ticket: &Value) -> bool {
    ticket.get("orderId").is_none()
}

/// Whether the money for an order is there.
pub(crate) fn money_is(status: &'static str) -> impl Fn(&Value) -> bool {
    move |order| order["payment"]["status"] == status
}
