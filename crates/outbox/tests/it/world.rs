//! An outbox with a broker of its own, and what tests do with them.

use std::{collections::BTreeMap, time::Duration};

use async_nats::jetstream::{self, message::StreamMessage, stream::Stream};
use common::{
    Service,
    event::{CancelledTicket, CompletedTicket, Id, OrderCancelled, OrderCompleted},
    traceparent::Traceparent,
};
use messaging::{Broker, NatsSettings, topology::Topology};
use outbox::{Check, Relay, Retelling, Wake, enqueue};
use postgres::Database;
use process::{config::Environment, health::Health};
use sqlx::{PgConnection, PgPool, postgres::PgPoolOptions};
use testkit::{Nats, Postgres};

/// One test's outbox and broker.
pub(crate) struct World {
    pub(crate) nats: Nats,
    pub(crate) pool: PgPool,
    pub(crate) wake: Wake,
    pub(crate) database: Database,
    broker: Broker,
    pub(crate) jetstream: jetstream::Context,
}

/// What a service would tell again whose facts are cancellations.
pub(crate) static RETELLING: Retelling = outbox::retelling!("facts.sql");

impl World {
    pub(crate) async fn new() -> Self {
        Self::on(Postgres::shared().await.unwrap()).await
    }

    /// On a Postgres that the test may stop.
    pub(crate) async fn on(postgres: &Postgres) -> Self {
        let nats = Nats::start().await.unwrap();
        let url = postgres.database().await.unwrap().url().to_owned();
        let database = Database::new(url.parse().unwrap(), "outbox-test", 8);
        postgres::migrate(&database, &[&outbox::SCHEMA]).await.unwrap();
        let pool = PgPoolOptions::new().max_connections(8).connect_lazy(&url).unwrap();
        sqlx::query(
            "create table facts (payload text not null, changed_at timestamptz not null default now())",
        )
        .execute(&pool)
        .await
        .unwrap();
        let settings = NatsSettings::read(&mut Environment::from_pairs([("NATS_URL", nats.url())])).unwrap();
        let broker = Broker::connect(Service::Orders, &settings, &Health::new()).await.unwrap();
        let jetstream = jetstream::new(async_nats::connect(nats.url()).await.unwrap());
        Self { nats, pool, wake: Wake::default(), database, broker, jetstream }
    }

    pub(crate) fn relay(&self) -> Relay {
        Relay::new(self.database.clone(), self.broker.clone(), self.wake.clone())
    }

    pub(crate) fn check(&self) -> Check {
        self.relay().check(&RETELLING)
    }

    /// A change, and the event that tells of it, in one transaction that is still open.
    pub(crate) async fn change(&self, connection: &mut PgConnection) -> OrderCancelled {
        let event = event();
        let payload = serde_json::to_string(&event).unwrap();
        sqlx::query("insert into facts (payload) values ($1)")
            .bind(payload)
            .execute(&mut *connection)
            .await
            .unwrap();
        enqueue(connection, &event, None).await.unwrap();
        event
    }

    /// Commits so many changes, each with its event.
    pub(crate) async fn changes(&self, count: usize) -> Vec<OrderCancelled> {
        let mut transaction = self.pool.begin().await.unwrap();
        let mut events = Vec::new();
        for _ in 0..count {
            events.push(self.change(&mut transaction).await);
        }
        transaction.commit().await.unwrap();
        events
    }

    /// Lets everything that has happened so far be an hour ago.
    pub(crate) async fn an_hour_later(&self) {
        sqlx::raw_sql(
            "begin;
             update facts set changed_at = changed_at - interval '1 hour';
             update outbox set created_at = created_at - interval '1 hour', changed_at = changed_at - interval '1 hour';
             update outbox_marks set since = since - interval '1 hour', made_at = made_at - interval '1 hour';
             update outbox_told set at = at - interval '1 hour';
             update outbox_taken set seen_at = seen_at - interval '1 hour';
             commit",
        )
        .execute(&self.pool)
        .await
        .unwrap();
    }

    /// Lets it be time for a new mark, and waits until there is one.
    pub(crate) async fn mark(&self) {
        let before = self.newest_mark().await;
        sqlx::raw_sql("update outbox_marks set made_at = made_at - interval '2 minutes'")
            .execute(&self.pool)
            .await
            .unwrap();
        let mut check = self.check();
        testkit::eventually("a mark is made", Duration::from_secs(20), async || {
            check.run_once().await.map_err(|error| format!("{error:#}"))?;
            let newest = self.newest_mark().await;
            if newest > before { Ok(()) } else { Err(format!("the newest is {newest}")) }
        })
        .await;
    }

    async fn newest_mark(&self) -> i64 {
        let newest = sqlx::query_scalar("select coalesce(max(id), 0) from outbox_marks");
        newest.fetch_one(&self.pool).await.unwrap()
    }

    /// How often something was told again for this cause, and how many events the last time.
    pub(crate) async fn told_again(&self, cause: &str) -> (i64, i64) {
        sqlx::query_as(
            "select count(*), coalesce((array_agg(events order by id desc))[1], 0) from outbox_told_again where cause = $1",
        )
        .bind(cause)
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    /// What relays remember.
    pub(crate) async fn remembered(&self) -> Vec<i64> {
        sqlx::query_scalar("select sequence from outbox_told order by id")
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }

    /// Publishes events of the same stream as a service that is not ours does.
    #[expect(clippy::disallowed_methods, reason = "this plays a service in another language")]
    pub(crate) async fn publish_foreign(&self, count: usize) -> Vec<OrderCancelled> {
        let events: Vec<OrderCancelled> = (0..count).map(|_| event()).collect();
        for event in &events {
            let body = serde_json::to_vec(event).unwrap();
            self.jetstream.publish("order:cancelled", body.into()).await.unwrap().await.unwrap();
        }
        events
    }

    /// Lets the stream keep a message for so long.
    pub(crate) async fn keep_messages_for(&self, age: Duration) {
        let mut config = self.stream().await.cached_info().config.clone();
        config.max_age = age;
        config.duplicate_window = config.duplicate_window.min(age);
        self.jetstream.update_stream(config).await.unwrap();
    }

    /// Commits so many events of their own.
    pub(crate) async fn enqueue(&self, count: usize) -> Vec<OrderCancelled> {
        let mut transaction = self.pool.begin().await.unwrap();
        let mut events = Vec::new();
        for _ in 0..count {
            let event = event();
            enqueue(&mut transaction, &event, Some(&Traceparent::generate())).await.unwrap();
            events.push(event);
        }
        transaction.commit().await.unwrap();
        events
    }

    pub(crate) async fn depth(&self) -> i64 {
        sqlx::query_scalar("select count(*) from outbox").fetch_one(&self.pool).await.unwrap()
    }

    /// The largest message that the broker takes, in bytes.
    pub(crate) fn nats_max_payload(&self) -> usize {
        self.jetstream.client().server_info().max_payload
    }

    /// Lets the stream take messages of so many bytes at most; -1 is any.
    pub(crate) async fn take_messages_up_to(&self, bytes: i32) {
        let mut config = self.stream().await.cached_info().config.clone();
        config.max_message_size = bytes;
        self.jetstream.update_stream(config).await.unwrap();
    }

    /// Makes the stream, or changes it, to have these subjects.
    pub(crate) async fn use_stream_of(&self, subjects: &[&str]) {
        let subjects = subjects.iter().map(|&subject| subject.to_owned()).collect();
        let wanted =
            jetstream::stream::Config { subjects, ..Topology::new("ticketing", 1).stream(Service::Orders) };
        match self.jetstream.get_stream("ticketing-orders").await {
            Ok(_) => drop(self.jetstream.update_stream(wanted).await.unwrap()),
            Err(_) => drop(self.jetstream.create_stream(wanted).await.unwrap()),
        }
    }

    /// Commits so many events of a subject that earlier releases do not know.
    pub(crate) async fn enqueue_completed(&self, count: usize) {
        let mut transaction = self.pool.begin().await.unwrap();
        for _ in 0..count {
            let ticket = CompletedTicket { id: Id::generate() };
            let event = OrderCompleted { id: Id::generate(), version: 1, payment_id: Id::generate(), ticket };
            enqueue(&mut transaction, &event, None).await.unwrap();
        }
        transaction.commit().await.unwrap();
    }

    pub(crate) async fn stream(&self) -> Stream {
        self.jetstream.get_stream("ticketing-orders").await.unwrap()
    }

    /// Messages in the stream; 0 before there is one.
    pub(crate) async fn stored(&self) -> u64 {
        match self.jetstream.get_stream("ticketing-orders").await {
            Ok(stream) => stream.cached_info().state.messages,
            Err(_) => 0,
        }
    }

    /// Every message in the stream, by its body.
    pub(crate) async fn messages(&self) -> BTreeMap<String, Vec<StreamMessage>> {
        let mut messages: BTreeMap<String, Vec<StreamMessage>> = BTreeMap::new();
        for message in testkit::stored::messages(&self.jetstream, "ticketing-orders", "").await.unwrap() {
            let body = String::from_utf8(message.payload.to_vec()).unwrap();
            messages.entry(body).or_default().push(message);
        }
        messages
    }

    /// Holds the stream to exactly these events, each once.
    pub(crate) async fn check_told_once(&self, events: &[OrderCancelled]) {
        let messages = self.messages().await;
        let mut expected: Vec<String> = events.iter().map(|e| serde_json::to_string(e).unwrap()).collect();
        expected.sort();
        assert!(messages.keys().eq(&expected), "{} messages for {} events", messages.len(), expected.len());
        for (body, copies) in &messages {
            assert_eq!(copies.len(), 1, "{body}");
        }
    }
}

/// An event that no other test has.
pub(crate) fn event() -> OrderCancelled {
    OrderCancelled { id: Id::generate(), version: 1, ticket: CancelledTicket { id: Id::generate() } }
}
