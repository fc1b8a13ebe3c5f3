//! A message in the stream of `payments` that it would never send.

use anyhow::Result;
use bytes::Bytes;
use common::event::Subject;
use messaging::{Outgoing, Publisher};

/// Publishes as `payments`.
#[derive(Debug)]
pub(crate) struct Payments(pub(crate) Publisher);

impl Payments {
    /// A message that no listener can read.
    pub(crate) async fn poison(&self) -> Result<()> {
        let event = Outgoing {
            subject: Subject::PaymentCreated,
            message_id: "payment:created:poison".to_owned(),
            traceparent: None,
            payload: Bytes::from_static(b"{\"id\": oops"),
            claim: None,
        };
        self.0.publish(&[event]).await.into_iter().try_for_each(|answer| answer.map_err(Into::into))
    }
}
