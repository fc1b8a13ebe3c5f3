//! `order:created`: the order's ticket is reserved.

use common::event::OrderCreated;
use messaging::{BatchError, Delivery, Handler, Outcome};
use metrics::counter;
use outbox::batch_error;

use super::orders;
use crate::{
    store::{OrderTicket, Store},
    ticket::Reservation,
};

/// Retries for an order of a ticket that is not there. Ours commits a ticket before it tells of it, and an order is
/// only placed for one that was told, so one that stays unknown never was.
const UNKNOWN_TICKET_RETRIES: u32 = 5;

/// Reserves tickets.
#[derive(Debug)]
pub struct OnOrderCreated(pub Store);

impl Handler for OnOrderCreated {
    type Event = OrderCreated;

    async fn handle(&self, batch: &[Delivery<OrderCreated>]) -> Result<Vec<Outcome>, BatchError> {
        let orders = orders(batch, |event| (&event.id, &event.ticket.id));
        let reservations = self.0.reserve(&orders).await.map_err(batch_error)?;
        Ok(orders.iter().zip(reservations).map(|(order, reservation)| outcome(order, &reservation)).collect())
    }
}

fn outcome(OrderTicket { order, ticket, .. }: &OrderTicket, reservation: &Reservation) -> Outcome {
    let (answer, outcome) = match reservation {
        Reservation::Reserves => ("reserved", Outcome::Done),
        Reservation::Repeated => ("repeated", Outcome::Done),
        Reservation::OrderIsCancelled => ("cancelled", Outcome::Done),
        Reservation::HeldBy(holder) => {
            ("held", Outcome::retry(format!("ticket {ticket} of order {order} is held by order {holder}")))
        }
        Reservation::UnknownTicket => (
            "unknown",
            Outcome::retry_at_most(
                UNKNOWN_TICKET_RETRIES,
                format!("ticket {ticket} of order {order} is unknown"),
            ),
        ),
    };
    counter!("tickets_reservations_total", "answer" => answer).increment(1);
    outcome
}
