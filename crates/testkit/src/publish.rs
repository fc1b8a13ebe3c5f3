//! Events of services that a test does not run.

use std::time::Duration;

use async_nats::jetstream;

use crate::eventually;

/// A broker that was killed is back by then.
const BACK: Duration = Duration::from_secs(30);

/// Publishes as the service would whose part the test plays, but for the id, so that the broker takes it as often as it is told.
/// Retried, because the broker may be on its way back and the stream not there yet.
///
/// # Panics
/// When the broker does not take it in half a minute.
#[expect(clippy::disallowed_methods, reason = "this plays a service that is not there")]
pub async fn publish(jetstream: &jetstream::Context, subject: &str, body: &[u8]) {
    eventually("the broker takes an event", BACK, async || {
        let sent = jetstream.publish(subject.to_owned(), body.to_vec().into()).await;
        sent.map_err(|error| error.to_string())?.await.map(drop).map_err(|error| error.to_string())
    })
    .await;
}
