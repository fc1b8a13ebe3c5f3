//! The part of `payments`: it takes the money and tells of it, sometimes badly.

use anyhow::Result;
use bytes::Bytes;
use common::event::{Id, PaymentCreated, Subject};
use messaging::{Outgoing, Publisher};

/// Publishes what `payments` would.
#[derive(Debug)]
pub(crate) struct Payments(pub(crate) Publisher);

impl Payments {
    /// A buyer has paid for an order.
    pub(crate) async fn pay(&self, order: &Id) -> Result<()> {
        let id = Id::generate();
        let stripe_id = format!("ch_{}", Id::generate());
        let payment = PaymentCreated { id: id.clone(), order_id: order.clone(), stripe_id };
        self.publish(format!("payment:created:{id}"), serde_json::to_vec(&payment)?.into()).await
    }

    /// A message that no listener can read.
    pub(crate) async fn poison(&self) -> Result<()> {
        self.publish("payment:created:poison".to_owned(), Bytes::from_static(b"{\"id\": oops")).await
    }

    async fn publish(&self, message_id: String, payload: Bytes) -> Result<()> {
        let event = Outgoing { subject: Subject::PaymentCreated, message_id, traceparent: None, payload };
        self.0.publish(&[event]).await.into_iter().try_for_each(|answer| answer.map_err(Into::into))
    }
}
