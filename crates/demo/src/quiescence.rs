//! Whether everything has come to rest: nothing scheduled, nothing pending, nothing unanswered, nothing untold.

use anyhow::{Context, Result};
use async_nats::jetstream;
use common::{Service, event::Subject};
use messaging::topology::durable_name;
use sqlx::{PgPool, postgres::PgPoolOptions};

use super::{streams, text};
use platform::{CLUSTER, Platform};

/// The schedule of `expiration` in Redis: a sorted set, a member for each order whose timer runs.
fn schedule() -> String {
    format!("{{{CLUSTER}:order:expiration}}:due")
}

/// Looks at Redis, at the consumers and at the databases, from outside of the services.
#[derive(Clone, Debug)]
pub(super) struct Quiescence {
    pub(super) jetstream: jetstream::Context,
    /// The database of `orders`.
    pub(super) orders: PgPool,
    /// The database of `tickets`.
    pub(super) tickets: PgPool,
    /// The database of `payments`.
    pub(super) payments: PgPool,
    redis: redis::aio::MultiplexedConnection,
}

impl Quiescence {
    /// Connects to everything.
    pub(super) async fn of(platform: &Platform) -> Result<Self> {
        let client = async_nats::connect(platform.nats().url()).await.context("connect to NATS")?;
        let connect = async |name: Service| {
            let url = platform.database_url(name).with_context(|| format!("the database of {name}"))?;
            let pool = PgPoolOptions::new().max_connections(4).connect(url).await;
            pool.with_context(|| format!("connect to the database of {name}"))
        };
        Ok(Self {
            jetstream: jetstream::new(client),
            orders: connect(Service::Orders).await?,
            tickets: connect(Service::Tickets).await?,
            payments: connect(Service::Payments).await?,
            redis: platform.redis().connect().await?,
        })
    }

    /// Timers in Redis, those that a worker holds included.
    pub(super) async fn timers(&self) -> Result<usize> {
        let mut redis = self.redis.clone();
        redis::cmd("ZCARD").arg(schedule()).query_async(&mut redis).await.context("count the timers in Redis")
    }

    /// Removes everything from Redis.
    pub(super) async fn wipe_redis(&self) -> Result<()> {
        let mut redis = self.redis.clone();
        redis::cmd("FLUSHALL").query_async(&mut redis).await.context("wipe Redis")
    }

    /// The durable consumers of the services that take part, in the order in which one thing leads to another.
    pub(super) fn consumers() -> Vec<(Service, Subject)> {
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
    pub(super) async fn unrest(&self) -> Result<Vec<String>> {
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
            unrest.extend(self.unanswered(listener, subject).await?);
        }
        Ok(unrest)
    }

    /// Orders that have not ended.
    pub(super) async fn unpaid(&self) -> Result<Option<String>> {
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
        let Ok(stream) = self.jetstream.get_stream(streams::topology().replays_stream_name()).await else {
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
    pub(super) async fn untold(&self, publisher: Service) -> Result<Option<String>> {
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

    /// What one consumer has not been given or not answered.
    pub(super) async fn unanswered(&self, listener: Service, subject: Subject) -> Result<Option<String>> {
        let (name, stream) =
            (durable_name(listener, subject), streams::topology().stream_name(subject.publisher()));
        let look = async {
            let stream = self.jetstream.get_stream_no_info(&stream).await?;
            stream.consumer_info(&name).await.map_err(anyhow::Error::from)
        };
        let info = look.await.with_context(|| format!("look at the consumer {name} of stream {stream}"))?;
        let busy = info.num_pending > 0 || info.num_ack_pending > 0;
        Ok(busy.then(|| format!("{name}: {} pending, {} unanswered", info.num_pending, info.num_ack_pending)))
    }
}

/// How many events wait in an outbox.
pub(super) fn untold(publisher: Service, count: usize) -> String {
    format!("{} in the outbox of {publisher}", text::some(count, "event"))
}
