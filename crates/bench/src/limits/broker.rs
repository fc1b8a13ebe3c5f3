//! The broker alone: publishing with ids and PubAcks, and consuming with acks.

use std::{sync::Arc, time::Instant};

use anyhow::{Context, Result};
use async_nats::HeaderMap;
use bytes::Bytes;
use common::{Service, event::Subject};
use futures_util::{FutureExt, StreamExt};
use messaging::topology;
use tokio::{sync::Semaphore, task::coop::unconstrained};

use crate::{
    load::Load,
    order,
    world::{World, now_ms},
};

/// Publishes that await their PubAck.
const WINDOW: usize = 8_192;
/// Messages in one pull request.
const BATCH: usize = 500;
/// Messages that are asked for and have not come.
const ASKED: usize = 2_000;

/// Stores `count` events of `expiration:complete` as fast as the broker takes them; events a second, from the
/// first send to the last PubAck.
pub(crate) async fn publish(count: usize) -> Result<f64> {
    let world = World::new().await?;
    let client = world.client.clone();
    let inbox = client.new_inbox();
    let mut acks = client.subscribe(inbox.clone()).await?;
    let room = Arc::new(Semaphore::new(WINDOW));
    let acked = Arc::clone(&room);
    let due_ms = now_ms();
    let begin = Instant::now();
    // Sender and counter are tasks of their own, so that neither waits for the other.
    let counter = tokio::spawn(async move {
        for _ in 0..count {
            let ack = acks.next().await.context("the connection was closed")?;
            anyhow::ensure!(ack.payload.starts_with(br#"{"stream""#), "the broker refused");
            acked.add_permits(1);
        }
        anyhow::Ok(())
    });
    for number in (0..).take(count) {
        let id = order::id(number, due_ms);
        let mut headers = HeaderMap::new();
        headers.insert(async_nats::header::NATS_MESSAGE_ID, format!("expiration:complete:{id}"));
        let body = format!(r#"{{"orderId":"{id}"}}"#);
        room.acquire().await?.forget();
        client
            .publish_with_reply_and_headers("expiration:complete", inbox.clone(), headers, body.into())
            .await?;
    }
    counter.await??;
    Ok(count as f64 / begin.elapsed().as_secs_f64())
}

/// Takes and acks `count` events of `order:created` that wait in the stream; events a second, until the broker has
/// counted every ack.
pub(crate) async fn consume(count: usize) -> Result<f64> {
    let world = World::new().await?;
    Load::new(&world).await?.backlog(0, count, now_ms() + 3_600_000).await?;
    let stream = world.stream(Service::Orders).await?;
    let consumer = topology::consumer(Service::Expiration, Subject::OrderCreated);
    let name = consumer.durable_name.clone().context("a durable consumer")?;
    stream.create_consumer(consumer).await.context("create the consumer")?;
    let begin = Instant::now();
    take_and_ack(&world, &name, count).await?;
    world.until_consumed(Service::Expiration, Subject::OrderCreated).await?;
    Ok(count as f64 / begin.elapsed().as_secs_f64())
}

async fn take_and_ack(world: &World, consumer: &str, count: usize) -> Result<()> {
    let client = world.client.clone();
    let inbox = client.new_inbox();
    let mut messages = client.subscribe(inbox.clone()).await?;
    let stream = topology::Topology::new(crate::world::CLUSTER, 1).stream_name(Service::Orders);
    let ask = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}");
    let request = Bytes::from(format!(r#"{{"batch":{BATCH}}}"#));
    let ack = Bytes::from_static(b"+ACK");
    let (mut asked, mut taken) = (0, 0);
    while taken < count {
        while asked + BATCH <= ASKED {
            client.publish_with_reply(ask.clone(), inbox.clone(), request.clone()).await?;
            asked += BATCH;
        }
        let first = messages.next().await.context("the connection was closed")?;
        let mut next = Some(first);
        while let Some(message) = next {
            let reply = message.reply.context("a message of the stream")?;
            publish_ack(&client, reply, ack.clone()).await?;
            (asked, taken) = (asked - 1, taken + 1);
            next = unconstrained(messages.next()).now_or_never().flatten();
        }
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the broker alone, without the messaging kit")]
async fn publish_ack(client: &async_nats::Client, reply: async_nats::Subject, ack: Bytes) -> Result<()> {
    client.publish(reply, ack).await.context("ack")
}
