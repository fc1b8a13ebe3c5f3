//! `payment:created`: a buyer's money is there.

use std::collections::HashSet;

use common::event::{Id, PaymentCreated};
use messaging::{BatchError, Delivery, Handler, Outcome};
use outbox::batch_error;

use crate::{order::Payment, store::Store};

/// Completes orders that are paid. Money for an order that can't be completed is rejected, which is a fact of the business
/// and no dead letter. Whoever tells again of a payment that was decided has not heard of it, and is told again.
#[derive(Debug)]
pub struct OnPaymentCreated(pub Store);

impl Handler for OnPaymentCreated {
    type Event = PaymentCreated;

    async fn handle(&self, batch: &[Delivery<PaymentCreated>]) -> Result<Vec<Outcome>, BatchError> {
        let payments = batch.iter().map(|delivery| &delivery.event);
        let storable: Vec<&Delivery<PaymentCreated>> =
            batch.iter().filter(|delivery| outcome(&delivery.event) == Outcome::Done).collect();
        let offered: Vec<&PaymentCreated> = storable.iter().map(|delivery| &delivery.event).collect();
        let effects = self.0.pay(&offered).await.map_err(batch_error)?;
        let again = told_again(&storable, &effects);
        if !again.is_empty() {
            self.0.answer_again(&again).await.map_err(batch_error)?;
        }
        Ok(payments.map(outcome).collect())
    }
}

/// Payments that were decided before this batch and are told of once more. A message that is only delivered again, because its
/// first acknowledgement was lost, asks for nothing.
fn told_again<'a>(
    deliveries: &[&'a Delivery<PaymentCreated>],
    effects: &[Payment],
) -> Vec<&'a PaymentCreated> {
    let decided = |(delivery, effect): (&&'a Delivery<PaymentCreated>, &Payment)| {
        (*effect != Payment::Repeated).then_some(&delivery.event.id)
    };
    let now: HashSet<&Id> = deliveries.iter().zip(effects).filter_map(decided).collect();
    let again = deliveries.iter().zip(effects).filter(|(delivery, effect)| {
        **effect == Payment::Repeated && delivery.delivered == 1 && !now.contains(&delivery.event.id)
    });
    again.map(|(delivery, _)| &delivery.event).collect()
}

/// JSON can say U+0000 in a text, and Postgres can't store it.
fn outcome(payment: &PaymentCreated) -> Outcome {
    if payment.stripe_id.contains('\0') {
        return Outcome::reject(format!(
            "the stripeId of payment {} for order {} has a U+0000, which can't be stored",
            payment.id, payment.order_id
        ));
    }
    Outcome::Done
}
