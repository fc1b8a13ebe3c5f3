//! `ticket:created` and `ticket:updated`: the copy of the tickets.

use common::event::{TicketCreated, TicketUpdated};
use messaging::{BatchError, Delivery, Handler, Outcome};

use crate::{order::Ticket, store::Store};
use outbox::batch_error;

/// Copies new tickets.
#[derive(Debug)]
pub struct OnTicketCreated(pub Store);

/// Copies changed tickets. One whose `ticket:created` has not come yet is copied all the same.
#[derive(Debug)]
pub struct OnTicketUpdated(pub Store);

impl Handler for OnTicketCreated {
    type Event = TicketCreated;

    async fn handle(&self, batch: &[Delivery<TicketCreated>]) -> Result<Vec<Outcome>, BatchError> {
        let tickets = batch.iter().map(|Delivery { event, .. }| Ticket {
            id: event.id.clone(),
            version: event.version,
            title: event.title.clone(),
            price: event.price,
        });
        apply(&self.0, tickets.collect()).await
    }
}

impl Handler for OnTicketUpdated {
    type Event = TicketUpdated;

    async fn handle(&self, batch: &[Delivery<TicketUpdated>]) -> Result<Vec<Outcome>, BatchError> {
        let tickets = batch.iter().map(|Delivery { event, .. }| Ticket {
            id: event.id.clone(),
            version: event.version,
            title: event.title.clone(),
            price: event.price,
        });
        apply(&self.0, tickets.collect()).await
    }
}

async fn apply(store: &Store, tickets: Vec<Ticket>) -> Result<Vec<Outcome>, BatchError> {
    let outcomes = tickets.iter().map(outcome).collect();
    let storable = tickets.into_iter().filter(|ticket| outcome(ticket) == Outcome::Done);
    store.apply_tickets(storable).await.map_err(batch_error)?;
    Ok(outcomes)
}

/// JSON can say U+0000 in a text, and Postgres can't store it.
fn outcome(ticket: &Ticket) -> Outcome {
    if ticket.title.contains('\0') {
        return Outcome::reject(format!(
            "the title of ticket {} has a U+0000, which can't be stored",
            ticket.id
        ));
    }
    Outcome::Done
}
