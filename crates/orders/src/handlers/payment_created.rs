//! `payment:created`: an order is paid.

use common::event::PaymentCreated;
use messaging::{BatchError, Delivery, Handler, Outcome};
use metrics::counter;

use outbox::batch_error;

use super::UNKNOWN_ORDER_RETRIES;
use crate::{order::Payment, store::Store};

/// Completes orders that are paid. Money for an order that can't be completed becomes a dead letter.
#[derive(Debug)]
pub struct OnPaymentCreated(pub Store);

impl Handler for OnPaymentCreated {
    type Event = PaymentCreated;

    async fn handle(&self, batch: &[Delivery<PaymentCreated>]) -> Result<Vec<Outcome>, BatchError> {
        let payments: Vec<&PaymentCreated> = batch.iter().map(|delivery| &delivery.event).collect();
        let effects = self.0.pay(&payments).await.map_err(batch_error)?;
        let completed = effects.iter().filter(|effect| **effect == Payment::Completes).count();
        counter!("orders_completed_total").increment(completed as u64);
        Ok(payments.into_iter().zip(effects).map(|(payment, effect)| outcome(payment, effect)).collect())
    }
}

fn outcome(payment: &PaymentCreated, effect: Payment) -> Outcome {
    let PaymentCreated { id, order_id, stripe_id } = payment;
    match effect {
        Payment::Completes | Payment::Repeated => Outcome::Done,
        Payment::OrderIsCancelled => Outcome::reject(format!(
            "order {order_id} was cancelled before payment {id} came: somebody must refund charge {stripe_id:?}"
        )),
        Payment::PaidBy(first) => {
            let first = first.as_ref().map_or("another payment", |first| first.as_str());
            Outcome::reject(format!(
                "order {order_id} was already paid by {first} before payment {id} came: somebody must refund charge \
                 {stripe_id:?}"
            ))
        }
        Payment::UnknownOrder => Outcome::retry_at_most(
            UNKNOWN_ORDER_RETRIES,
            format!("order {order_id} is unknown: if it stays so, somebody must refund charge {stripe_id:?}"),
        ),
    }
}
