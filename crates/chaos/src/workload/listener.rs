//! Every event as it is published, by core NATS: it is heard even if it is lost the moment after it was stored.

use anyhow::{Context as _, Result};
use async_nats::{Client, Message, header::NATS_MESSAGE_ID};
use common::{clock, event::Subject};
use futures_util::{StreamExt as _, stream::select_all};
use tokio_util::task::AbortOnDropHandle;

use super::{
    notes::{Kept, Notes},
    wire,
};

/// Listens until it is dropped. What is published while its connection is away the `recorder` finds in the streams.
#[derive(Debug)]
pub(super) struct Listener {
    _task: AbortOnDropHandle<()>,
}

impl Listener {
    /// Starts to listen, on a connection of its own.
    ///
    /// # Errors
    /// Only when an address is none.
    pub(super) async fn start(urls: &str, notes: &Notes) -> Result<Self> {
        let client = wire::options("chaos-listener").connect(wire::servers(urls)).await;
        let client = client.context("start to connect to the broker")?;
        Ok(Self { _task: AbortOnDropHandle::new(tokio::spawn(listen(client, notes.clone()))) })
    }
}

/// The client renews its subscriptions with each new connection.
async fn listen(client: Client, notes: Notes) {
    let mut subscriptions = Vec::new();
    for subject in Subject::ALL {
        // It fails only when the client has ended.
        subscriptions.extend(client.subscribe(subject.as_str()).await);
    }
    let mut messages = select_all(subscriptions);
    while let Some(message) = messages.next().await {
        if let Some(event) = kept(message) {
            notes.sees(event);
        }
    }
}

fn kept(message: Message) -> Option<Kept> {
    let headers = message.headers.as_ref();
    let message_id =
        headers.and_then(|headers| headers.get(NATS_MESSAGE_ID)).map(|id| id.as_str().to_owned());
    let subject = message.subject.parse().ok()?;
    Some(Kept { subject, body: message.payload, message_id, at_ms: clock::now_ms() })
}
