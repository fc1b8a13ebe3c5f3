//! Whether everything has come to rest: nothing scheduled, nothing pending, nothing unanswered, nothing untold.

use anyhow::{Context, Result};
use async_nats::jetstream;
use common::{
    event::{Service, Subject},
    messaging::topology::durable_name,
};
use sqlx::PgPool;

use super::{streams, text};

/// The schedule of `expiration` in Redis: a sorted set, a member for each order whose timer runs.
fn schedule() -> String {
    format!("{{{}:order:expiration}}:due", streams::CLUSTER)
}

/// Looks at Redis, at the consumers and at the outbox, from outside of the services.
#[derive(Clone, Debug)]
pub(super) struct Rest {
    pub(super) jetstream: jetstream::Context,
    pub(super) database: PgPool,
    pub(super) redis: redis::aio::MultiplexedConnection,
}

impl Rest {
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

    /// The durable consumers of the services that take part: `payments` only publishes here. In the order in which one
    /// thing leads to another.
    pub(super) fn consumers() -> Vec<(Service, Subject)> {
        let flow = [
            Subject::PaymentCreated,
            Subject::ExpirationComplete,
            Subject::OrderCreated,
            Subject::OrderCancelled,
            Subject::TicketCreated,
            Subject::TicketUpdated,
        ];
        let pairs = flow
            .into_iter()
            .flat_map(|subject| subject.listeners().iter().map(move |listener| (*listener, subject)));
        pairs.filter(|(listener, _)| *listener != Service::Payments).collect()
    }

    /// What is not at rest, one text each. Causes are looked at before their effects, so nothing slips through
    /// between two looks.
    pub(super) async fn unrest(&self) -> Result<Vec<String>> {
        let mut unrest: Vec<String> = self.unpaid().await?.into_iter().collect();
        let timers = self.timers().await?;
        if timers > 0 {
            unrest.push(format!("{} in Redis", text::some(timers, "timer")));
        }
        let mut untold_is_next = true;
        for (listener, subject) in Self::consumers() {
            if subject.publisher() == Service::Orders && std::mem::take(&mut untold_is_next) {
                unrest.extend(self.untold().await?);
            }
            unrest.extend(self.unanswered(listener, subject).await?);
        }
        Ok(unrest)
    }

    /// Orders that have not ended.
    pub(super) async fn unpaid(&self) -> Result<Option<String>> {
        let count: i64 =
            sqlx::query_scalar("select count(*) from orders where status in ('created', 'awaiting:payment')")
                .fetch_one(&self.database)
                .await
                .context("count the unpaid orders")?;
        Ok((count > 0).then(|| format!("{} without an end", text::some(count as usize, "order"))))
    }

    /// Events that wait in the outbox.
    pub(super) async fn untold(&self) -> Result<Option<String>> {
        let count: i64 = sqlx::query_scalar("select count(*) from outbox")
            .fetch_one(&self.database)
            .await
            .context("count the outbox")?;
        Ok((count > 0).then(|| format!("{} in the outbox", text::some(count as usize, "event"))))
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
