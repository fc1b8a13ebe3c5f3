//! What puts load on the broker: events in bulk, or at a steady rate, each stored before it counts.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use async_nats::{Client, HeaderMap, Subscriber};
use bytes::Bytes;
use common::event::Subject;
use futures_util::{FutureExt, StreamExt};
use tokio::task::coop::unconstrained;

use crate::{
    order,
    world::{World, now_ms},
};

/// Publishes that await their PubAck.
const WINDOW: usize = 4_096;

/// Publishes with a message id, and counts the PubAcks on one reply subject.
pub(crate) struct Load {
    client: Client,
    inbox: String,
    acks: Subscriber,
    in_flight: usize,
}

impl Load {
    pub(crate) async fn new(world: &World) -> Result<Self> {
        Self::on(&world.client).await
    }

    pub(crate) async fn on(client: &Client) -> Result<Self> {
        let inbox = client.new_inbox();
        let acks = client.subscribe(inbox.clone()).await.context("listen for PubAcks")?;
        Ok(Self { client: client.clone(), inbox, acks, in_flight: 0 })
    }

    /// Sends one; waits only while too many are in flight.
    pub(crate) async fn send(&mut self, subject: Subject, message_id: &str, body: Bytes) -> Result<()> {
        while self.in_flight >= WINDOW {
            self.take_acks(WINDOW / 2).await?;
        }
        let mut headers = HeaderMap::new();
        headers.insert(async_nats::header::NATS_MESSAGE_ID, message_id);
        self.client
            .publish_with_reply_and_headers(subject.as_str(), self.inbox.clone(), headers, body)
            .await
            .context("publish")?;
        self.in_flight += 1;
        Ok(())
    }

    /// Awaits every PubAck.
    pub(crate) async fn settle(&mut self) -> Result<()> {
        self.take_acks(0).await
    }

    async fn take_acks(&mut self, left: usize) -> Result<()> {
        while self.in_flight > left {
            let ack = tokio::time::timeout(Duration::from_secs(30), unconstrained(self.acks.next()));
            let ack = ack.await.context("a PubAck is missing")?.context("the connection was closed")?;
            self.count(&ack.payload)?;
        }
        Ok(())
    }

    fn count(&mut self, ack: &[u8]) -> Result<()> {
        let text = String::from_utf8_lossy(ack);
        ensure!(text.contains("\"seq\"") && !text.contains("\"error\""), "the broker refused: {text}");
        self.in_flight -= 1;
        Ok(())
    }

    /// Stores `count` orders that are all due at one instant, as fast as the broker takes them.
    pub(crate) async fn backlog(&mut self, first: u32, count: usize, due_ms: i64) -> Result<()> {
        let at = order::instant(due_ms);
        for number in (first..).take(count) {
            let id = order::id(number, due_ms);
            self.send(Subject::OrderCreated, &id, order::created(&id, &at)).await?;
        }
        self.settle().await
    }

    /// Stores `rate` orders a second, each due after `window`, for `length`; answers how many. One that can't be
    /// sent in its millisecond is sent as soon as possible, with the due time of then.
    pub(crate) async fn steady(
        &mut self,
        first: u32,
        rate: usize,
        window: Duration,
        length: Duration,
    ) -> Result<usize> {
        let begin = Instant::now();
        let mut ticks = tokio::time::interval(Duration::from_millis(1));
        let mut sent = 0;
        while begin.elapsed() < length {
            ticks.tick().await;
            let wanted = (begin.elapsed().as_secs_f64() * rate as f64) as usize;
            while sent < wanted {
                let due_ms = now_ms() + window.as_millis() as i64;
                let id = order::id(first + sent as u32, due_ms);
                self.send(Subject::OrderCreated, &id, order::created(&id, &order::instant(due_ms))).await?;
                sent += 1;
            }
            while let Some(Some(ack)) = unconstrained(self.acks.next()).now_or_never() {
                self.count(&ack.payload)?;
            }
        }
        self.settle().await?;
        Ok(sent)
    }
}
