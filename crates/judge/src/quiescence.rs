//! Whether everything has come to rest: nothing scheduled, nothing pending, nothing unanswered, nothing untold.

use std::time::Duration;

use anyhow::{Context, Result};
use async_nats::jetstream::{self, context::ConsumerInfoErrorKind};
use common::{
    Service,
    event::{Id, Subject},
};
use messaging::topology::{Topology, durable_name};
use sqlx::{PgPool, postgres::PgPoolOptions};

use crate::{facts::ConsumerPlace, text, unknown::TriedAgain};

/// Of an answer of Redis: the client gives up after half a second by default, which is little on a busy machine.
const REDIS_PATIENCE: Duration = Duration::from_secs(10);

/// Who tries again for a while what is about an order that is not ours.
const UNKNOWN_ORDERS: [(Service, Subject); 2] =
    [(Service::Tickets, Subject::OrderCreated), (Service::Orders, Subject::ExpirationComplete)];

/// Where everything is.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// `NATS_CLUSTER_ID`: prefix of the streams' names and of Redis' keys.
    pub cluster: String,
    /// URLs of NATS, separated by commas, as one that may see everything.
    pub nats: String,
    /// URL of the Redis that has the schedule.
    pub redis: String,
    /// URL of the database of `orders`.
    pub orders: String,
    /// URL of the database of `tickets`.
    pub tickets: String,
    /// URL of the database of `payments`.
    pub payments: String,
}

/// Looks at Redis, at the consumers and at the databases, from outside of the services.
#[derive(Clone, Debug)]
pub struct Quiescence {
    /// The broker.
    pub jetstream: jetstream::Context,
    /// Names of streams.
    pub topology: Topology,
    /// The database of `orders`.
    pub orders: PgPool,
    /// The database of `tickets`.
    pub tickets: PgPool,
    /// The database of `payments`.
    pub payments: PgPool,
    /// Each question has a connection of its own: Redis may have been restarted.
    redis: redis::Client,
    /// Key of the sorted set in Redis with a member for each order whose timer runs.
    schedule: String,
}

impl Quiescence {
    /// Connects to everything.
    ///
    /// # Errors
    /// When something can't be connected to; the text says what.
    pub async fn connect(addresses: &Addresses) -> Result<Self> {
        let servers: Vec<&str> = addresses.nats.split(',').collect();
        let client = async_nats::connect(servers.as_slice()).await.context("connect to NATS")?;
        let connect = async |service: Service, url: &str| {
            let pool = PgPoolOptions::new().max_connections(4).connect(url).await;
            pool.with_context(|| format!("connect to the database of {service}"))
        };
        let cluster = &addresses.cluster;
        Ok(Self {
            jetstream: jetstream::new(client),
            topology: Topology::new(cluster, 1),
            orders: connect(Service::Orders, &addresses.orders).await?,
            tickets: connect(Service::Tickets, &addresses.tickets).await?,
            payments: connect(Service::Payments, &addresses.payments).await?,
            redis: redis::Client::open(addresses.redis.as_str()).context("read the URL of Redis")?,
            schedule: format!("{{{cluster}:order:expiration}}:due"),
        })
    }

    /// Timers in Redis, those that a worker holds included.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn timers(&self) -> Result<usize> {
        let patient = redis::AsyncConnectionConfig::new()
            .set_connection_timeout(Some(REDIS_PATIENCE))
            .set_response_timeout(Some(REDIS_PATIENCE));
        let redis = self.redis.get_multiplexed_async_connection_with_config(&patient).await;
        let mut redis = redis.context("connect to Redis")?;
        let count = redis::cmd("ZCARD").arg(&self.schedule).query_async(&mut redis).await;
        count.context("count the timers in Redis")
    }

    /// The durable consumers of the services that take part, in the order in which one thing leads to another.
    pub fn consumers() -> Vec<(Service, Subject)> {
        let flow = [
            Subject::PaymentCreated,
            Subject::ExpirationComplete,
            Subject::OrderCreated,
            Subject::OrderExtended,
            Subject::OrderCancelled,
            Subject::OrderCompleted,
            Subject::PaymentRejected,
            Subject::PaymentSettled,
            Subject::TicketCreated,
            Subject::TicketUpdated,
        ];
        flow.into_iter()
            .flat_map(|subject| subject.listeners().iter().map(move |listener| (*listener, subject)))
            .collect()
    }

    /// What is not at rest, one text each. Causes are looked at before their effects, so nothing slips through
    /// between two looks.
    ///
    /// # Errors
    /// When something does not answer.
    pub async fn unrest(&self) -> Result<Vec<String>> {
        self.unrest_but(&[]).await
    }

    /// The same, where messages about these orders, which are not ours, may still be tried again: that takes minutes, and nothing
    /// else waits for it.
    ///
    /// # Errors
    /// When something does not answer.
    pub async fn unrest_but(&self, foreign: &[Id]) -> Result<Vec<String>> {
        let mut unrest: Vec<String> = self.unpaid().await?.into_iter().collect();
        unrest.extend(self.unreplayed().await?);
        unrest.extend(self.unsettled().await?);
        let timers = self.timers().await?;
        if timers > 0 {
            unrest.push(format!("{} in Redis", text::some(timers, "timer")));
        }
        let mut asked = Vec::new();
        for (listener, subject) in Self::consumers() {
            let publisher = subject.publisher();
            if !asked.contains(&publisher) {
                asked.push(publisher);
                unrest.extend(self.untold(publisher).await?);
            }
            unrest.extend(self.unanswered_but(listener, subject, foreign).await?);
        }
        Ok(unrest)
    }

    /// Orders that have not ended.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub async fn unpaid(&self) -> Result<Option<String>> {
        let count: i64 =
            sqlx::query_scalar("select count(*) from orders where status in ('created', 'awaiting:payment')")
                .fetch_one(&self.orders)
                .await
                .context("count the unpaid orders")?;
        Ok((count > 0).then(|| format!("{} without an end", text::some(count as usize, "order"))))
    }

    /// Dead letters that go back to their consumers and have not been handled again.
    async fn unreplayed(&self) -> Result<Option<String>> {
        // It is made for the first of them.
        let Ok(stream) = self.jetstream.get_stream(self.topology.replays_stream_name()).await else {
            return Ok(None);
        };
        let count = stream.cached_info().state.messages;
        Ok((count > 0).then(|| format!("{} not handled", text::some(count as usize, "replay"))))
    }

    /// Payments with which something is still to be done.
    async fn unsettled(&self) -> Result<Option<String>> {
        let count: i64 = sqlx::query_scalar(
            "select count(*) from payments where status in ('pending', 'open', 'authorised')",
        )
        .fetch_one(&self.payments)
        .await
        .context("count the unsettled payments")?;
        Ok((count > 0).then(|| format!("{} unsettled", text::some(count as usize, "payment"))))
    }

    /// Events that wait in the outbox of a service; it may have none.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub async fn untold(&self, publisher: Service) -> Result<Option<String>> {
        let database = match publisher {
            Service::Orders => &self.orders,
            Service::Tickets => &self.tickets,
            Service::Payments => &self.payments,
            Service::Auth | Service::Expiration | Service::Client | Service::Console => return Ok(None),
        };
        let count: i64 = sqlx::query_scalar("select count(*) from outbox")
            .fetch_one(database)
            .await
            .with_context(|| format!("count the outbox of {publisher}"))?;
        Ok((count > 0).then(|| untold(publisher, count as usize)))
    }

    /// What one consumer has not been given or not answered. One that is not there is being made anew, and has it all before it.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub async fn unanswered(&self, listener: Service, subject: Subject) -> Result<Option<String>> {
        self.unanswered_but(listener, subject, &[]).await
    }

    async fn unanswered_but(
        &self,
        listener: Service,
        subject: Subject,
        foreign: &[Id],
    ) -> Result<Option<String>> {
        let tried = match UNKNOWN_ORDERS.contains(&(listener, subject)) && !foreign.is_empty() {
            true => {
                let name = durable_name(listener, subject);
                TriedAgain::read(&self.jetstream, &self.topology, &name, subject, foreign).await?
            }
            false => TriedAgain::default(),
        };
        let Some(info) = self.consumer(listener, subject).await? else {
            return Ok(Some(is_missing(listener, subject)));
        };
        let (name, pending, unanswered) = (&info.name, info.num_pending, info.num_ack_pending);
        let tried = tried.behind(info.ack_floor.stream_sequence);
        let busy = pending > 0 || unanswered > tried;
        Ok(busy.then(|| {
            format!("{name}: {pending} pending, {unanswered} unanswered, {tried} of unknown orders")
        }))
    }

    /// Where each consumer stands in its stream.
    pub(crate) async fn places(&self) -> Result<Vec<ConsumerPlace>> {
        let mut places = Vec::new();
        for (listener, subject) in Self::consumers() {
            // The stream's end last: it only grows, so only a loss puts a consumer beyond it.
            let info = self.consumer(listener, subject).await?;
            let info = info.with_context(|| is_missing(listener, subject))?;
            let floor = info.ack_floor.stream_sequence;
            let last = self.last_sequence(subject.publisher()).await?;
            let unanswered = info.num_ack_pending;
            places.push(ConsumerPlace { name: info.name, floor, last, unanswered });
        }
        Ok(places)
    }

    async fn last_sequence(&self, publisher: Service) -> Result<u64> {
        let name = self.topology.stream_name(publisher);
        let stream = self.jetstream.get_stream(&name).await;
        let stream = stream.with_context(|| format!("look at stream {name}"))?;
        Ok(stream.cached_info().state.last_sequence)
    }

    /// `None`: it is not there, or its stream is not.
    async fn consumer(
        &self,
        listener: Service,
        subject: Subject,
    ) -> Result<Option<jetstream::consumer::Info>> {
        let (name, stream) =
            (durable_name(listener, subject), self.topology.stream_name(subject.publisher()));
        let what = || format!("look at the consumer {name} of stream {stream}");
        let there = self.jetstream.get_stream_no_info(&stream).await.with_context(what)?;
        match there.consumer_info(&name).await {
            Ok(info) => Ok(Some(info)),
            Err(error)
                if matches!(
                    error.kind(),
                    ConsumerInfoErrorKind::NotFound | ConsumerInfoErrorKind::StreamNotFound
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error).with_context(what),
        }
    }
}

fn is_missing(listener: Service, subject: Subject) -> String {
    format!("{} is not there", durable_name(listener, subject))
}

/// How many events wait in an outbox.
pub(crate) fn untold(publisher: Service, count: usize) -> String {
    format!("{} in the outbox of {publisher}", text::some(count, "event"))
}

#[cfg(test)]
mod tests {
    use messaging::topology;
    use testkit::Nats;

    use super::*;

    #[tokio::test]
    async fn a_consumer_that_is_being_made_anew_is_no_rest() {
        let nats = Nats::start().await.unwrap();
        let nowhere = PgPool::connect_lazy("postgres://nobody@127.0.0.1:1/none").unwrap();
        let rest = Quiescence {
            jetstream: jetstream::new(async_nats::connect(nats.url()).await.unwrap()),
            topology: Topology::new("test", 1),
            orders: nowhere.clone(),
            tickets: nowhere.clone(),
            payments: nowhere,
            redis: redis::Client::open("redis://127.0.0.1:1").unwrap(),
            schedule: String::new(),
        };
        let unanswered = async || rest.unanswered(Service::Tickets, Subject::OrderCancelled).await.unwrap();
        let missing = Some("tickets-order-cancelled is not there".to_owned());
        assert_eq!(unanswered().await, missing, "nor is its stream");
        let stream = rest.topology.stream(Service::Orders);
        let stream = rest.jetstream.create_stream(stream).await.unwrap();
        assert_eq!(unanswered().await, missing);
        let consumer = topology::consumer(Service::Tickets, Subject::OrderCancelled);
        stream.create_consumer(consumer).await.unwrap();
        assert_eq!(unanswered().await, None);
    }
}
