//! The broker's own message schedules (ADR-51) as a contender: a process that turns each `order:created` into a
//! message which the broker publishes as `expiration:complete` at its time. Nothing but the broker keeps the timer.

use std::time::Duration;

use anyhow::{Context, Result};
use async_nats::{HeaderMap, jetstream};
use common::{Service, event::OrderCreated, event::Subject};
use futures_util::StreamExt;
use messaging::topology::{self, Topology};
use serde_json::json;

use crate::world::{CLUSTER, World};

/// How this process is told to be it.
pub(crate) const ARGUMENT: &str = "translate-to-schedules";
/// Messages pulled, published and acked together.
const BATCH: usize = 500;
const PREFIX: &str = "expiration-schedule";

/// Schedules that have not fired.
pub(crate) async fn pending(world: &World) -> Result<u64> {
    world.stored(Service::Expiration).await
}

/// Runs until it is killed.
#[expect(clippy::disallowed_methods, reason = "a stranger to the messaging kit, which it is compared with")]
pub(crate) async fn translate(nats_url: &str) -> Result<()> {
    let client = async_nats::connect(nats_url).await.context("connect to NATS")?;
    let jetstream = jetstream::new(client.clone());
    allow_schedules(&jetstream).await?;
    let orders = jetstream.get_stream(Topology::new(CLUSTER, 1).stream_name(Service::Orders)).await?;
    let consumer = topology::consumer(Service::Expiration, Subject::OrderCreated);
    let consumer = orders.create_consumer(consumer).await.context("create the consumer")?;
    let inbox = client.new_inbox();
    let mut acks = client.subscribe(inbox.clone()).await?;
    loop {
        let mut batch =
            consumer.batch().max_messages(BATCH).expires(Duration::from_secs(1)).messages().await?;
        let mut messages = Vec::with_capacity(BATCH);
        while let Some(message) = batch.next().await {
            let message = message.map_err(anyhow::Error::from_boxed)?;
            let event: OrderCreated = serde_json::from_slice(&message.payload)?;
            let mut headers = HeaderMap::new();
            headers.insert("Nats-Schedule", format!("@at {}", event.expires_at));
            headers.insert("Nats-Schedule-Target", Subject::ExpirationComplete.as_str());
            let subject = format!("{PREFIX}.{}", event.id);
            let body = format!(r#"{{"orderId":"{}"}}"#, event.id);
            client.publish_with_reply_and_headers(subject, inbox.clone(), headers, body.into()).await?;
            messages.push(message);
        }
        for _ in &messages {
            let ack = acks.next().await.context("the connection was closed")?;
            let text = String::from_utf8_lossy(&ack.payload);
            anyhow::ensure!(!text.contains("\"error\""), "the broker refused a schedule: {text}");
        }
        for message in &messages {
            message.ack().await.map_err(anyhow::Error::from_boxed)?;
        }
    }
}

/// The stream of `expiration`, with what schedules need: a setting, and subjects for the messages that wait.
async fn allow_schedules(jetstream: &jetstream::Context) -> Result<()> {
    let name = Topology::new(CLUSTER, 1).stream_name(Service::Expiration);
    let config = json!({
        "name": name,
        "subjects": [Subject::ExpirationComplete.as_str(), format!("{PREFIX}.>")],
        "retention": "limits", "storage": "file", "discard": "old", "num_replicas": 1,
        "max_consumers": -1, "max_msgs": -1, "max_bytes": -1, "max_msg_size": -1, "max_age": 0,
        "allow_msg_schedules": true, "allow_rollup_hdrs": true,
    });
    let updated: serde_json::Value = jetstream.request(format!("STREAM.UPDATE.{name}"), &config).await?;
    anyhow::ensure!(updated.get("error").is_none(), "the broker takes no schedules: {updated}");
    Ok(())
}
