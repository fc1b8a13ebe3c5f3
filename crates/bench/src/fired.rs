//! What was fired, read from the stream when all is over: how late each was, and that none is lost, early or double.

use std::{collections::HashSet, ops::Range, time::Duration};

use anyhow::{Context, Result, ensure};
use async_nats::jetstream::consumer::pull;
use common::{Service, event::ExpirationComplete};
use futures_util::StreamExt;

use crate::{order, stats, world::World};

/// How late each event was stored after its due time, in ms, sorted; by the broker's own timestamps.
pub(crate) struct Fired {
    /// All of them.
    pub(crate) lateness: Vec<f64>,
    /// The number of each order with its lateness, as fired.
    pub(crate) by_order: Vec<(String, f64)>,
}

impl Fired {
    /// Reads everything that `expiration` has stored and checks it.
    ///
    /// # Errors
    /// When an order is missing, early or there twice: then the figures are worth nothing.
    pub(crate) async fn read(world: &World, expected: usize) -> Result<Self> {
        let messages = read_all(world, Service::Expiration).await?;
        let mut seen = HashSet::with_capacity(messages.len());
        let mut by_order = Vec::with_capacity(messages.len());
        for Stored { subject, body, at_ns } in messages {
            if subject != "expiration:complete" {
                continue;
            }
            let event: ExpirationComplete = serde_json::from_slice(&body).context("read what was fired")?;
            let id = event.order_id.as_str().to_owned();
            let due_ms = order::due_ms(&id).with_context(|| format!("{id} is no order of ours"))?;
            let late_ms = (at_ns - i128::from(due_ms) * 1_000_000) as f64 / 1e6;
            ensure!(late_ms >= 0.0, "order {id} was fired {:.3} ms early", -late_ms);
            ensure!(seen.insert(id.clone()), "order {id} was fired twice");
            by_order.push((id, late_ms));
        }
        ensure!(by_order.len() == expected, "{} of {expected} orders were fired", by_order.len());
        let mut lateness: Vec<f64> = by_order.iter().map(|(_, late)| *late).collect();
        stats::sort(&mut lateness);
        Ok(Self { lateness, by_order })
    }

    /// The lateness, in no order, of the orders with these numbers.
    pub(crate) fn of_orders(&self, numbers: Range<usize>) -> Vec<f64> {
        let of_number =
            |id: &str| order::number(id).is_some_and(|number| numbers.contains(&(number as usize)));
        self.by_order.iter().filter(|(id, _)| of_number(id)).map(|(_, late)| *late).collect()
    }
}

/// One stored message.
pub(crate) struct Stored {
    pub(crate) subject: String,
    pub(crate) body: bytes::Bytes,
    pub(crate) at_ns: i128,
}

/// Everything in the stream of a service.
pub(crate) async fn read_all(world: &World, publisher: Service) -> Result<Vec<Stored>> {
    let count = world.stored(publisher).await? as usize;
    let stream = world.stream(publisher).await?;
    let consumer = stream.create_consumer(pull::OrderedConfig::default()).await.context("read a stream")?;
    let mut messages = consumer.messages().await.context("read a stream")?;
    let mut all = Vec::with_capacity(count);
    while all.len() < count {
        let message = tokio::time::timeout(Duration::from_secs(30), messages.next()).await;
        let message = message.context("the stream ends early")?.context("the stream ends early")?;
        let message = message.context("read a stream")?;
        let at_ns = message.info().map_err(anyhow::Error::from_boxed)?.published.unix_timestamp_nanos();
        let subject = message.subject.to_string();
        all.push(Stored { subject, body: message.message.payload, at_ns });
    }
    Ok(all)
}
