//! A message in the stream of `payments` that it would never send.

use anyhow::Result;
use bytes::Bytes;
use common::{clock, event::Subject};
use judge::Poison;
use messaging::{Outgoing, Publisher};

/// Publishes as `payments`.
#[derive(Debug)]
pub(crate) struct Payments(pub(crate) Publisher);

impl Payments {
    /// Stores a message that no listener can read.
    pub(crate) async fn poison(&self) -> Result<Poison> {
        let body = Bytes::from_static(b"{\"id\": oops");
        let event = Outgoing {
            subject: Subject::PaymentCreated,
            message_id: "payment:created:poison".to_owned(),
            traceparent: None,
            payload: body.clone(),
            claim: None,
        };
        for answer in self.0.publish(&[event]).await {
            answer?;
        }
        Ok(Poison { subject: Subject::PaymentCreated, body, stored_ms: Some(clock::now_ms()) })
    }
}
