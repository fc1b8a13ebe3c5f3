//! The part of `tickets`: it puts seats up for sale and reserves and frees them as orders come and go.

use std::sync::Arc;

use anyhow::Result;
use common::{
    event::{Event, Id, OrderCancelled, OrderCreated, TicketCreated, TicketUpdated},
    messaging::{BatchError, Broker, ConsumerOptions, Delivery, Handler, Outcome, Outgoing, Publisher},
};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::seats::{Reservation, Seats};

/// Listens as `tickets` does, with its durable consumers, and publishes what it would.
#[derive(Clone, Debug)]
pub(in crate::demo) struct Tickets {
    publisher: Publisher,
    seats: Arc<Mutex<Seats>>,
}

#[derive(Debug)]
struct OnOrderCreated(Tickets);

#[derive(Debug)]
struct OnOrderCancelled(Tickets);

impl Tickets {
    /// Starts to listen, until `stop`.
    pub(in crate::demo) fn start(broker: &Broker, stop: &CancellationToken) -> Self {
        let tickets = Self { publisher: broker.publisher(), seats: Arc::default() };
        let options = ConsumerOptions::default();
        tokio::spawn(broker.consumer(OnOrderCreated(tickets.clone()), options).run(stop.clone()));
        tokio::spawn(broker.consumer(OnOrderCancelled(tickets.clone()), options).run(stop.clone()));
        tickets
    }

    /// Puts seats up for sale; the answer is their tickets, in order.
    pub(in crate::demo) async fn open_sale(&self, seats: usize) -> Result<Vec<Id>> {
        let seller = Id::generate();
        let ticket = |seat: usize| {
            let title = format!("Concert, seat {seat}");
            let price = format!("{}.99", 19 + seat % 5 * 10).parse()?;
            Ok(TicketCreated { id: Id::generate(), version: 0, title, price, user_id: seller.clone() })
        };
        let tickets: Vec<TicketCreated> = (1..=seats).map(ticket).collect::<Result<_>>()?;
        let mut held = self.seats.lock().await;
        let events = tickets.iter().map(|ticket| outgoing(ticket, &ticket.id, ticket.version));
        self.publish(events.collect::<Result<_>>()?).await?;
        let ids = tickets.iter().map(|ticket| ticket.id.clone()).collect();
        tickets.into_iter().for_each(|ticket| held.add(ticket));
        Ok(ids)
    }

    /// Tells what has changed. What is not known to be stored stays, and is published again with the same ids.
    async fn tell(&self, seats: &mut Seats) -> Result<(), BatchError> {
        let events = seats.untold().iter().map(|seat: &TicketUpdated| outgoing(seat, &seat.id, seat.version));
        let events = events.collect::<Result<_>>().map_err(BatchError::Failed)?;
        self.publish(events).await.map_err(BatchError::Unavailable)?;
        seats.all_told();
        Ok(())
    }

    async fn publish(&self, events: Vec<Outgoing>) -> Result<()> {
        let answers = self.publisher.publish(&events).await;
        answers.into_iter().try_for_each(|answer| answer.map_err(Into::into))
    }
}

fn outgoing<E: Event>(event: &E, ticket: &Id, version: u32) -> Result<Outgoing> {
    Ok(Outgoing {
        subject: E::SUBJECT,
        message_id: format!("{}:{ticket}:{version}", E::SUBJECT),
        traceparent: None,
        payload: serde_json::to_vec(event)?.into(),
    })
}

impl Handler for OnOrderCreated {
    type Event = OrderCreated;

    async fn handle(&self, batch: &[Delivery<OrderCreated>]) -> Result<Vec<Outcome>, BatchError> {
        let mut seats = self.0.seats.lock().await;
        let outcomes =
            batch.iter().map(|Delivery { event, .. }| match seats.reserve(&event.ticket.id, &event.id) {
                Reservation::Done => Outcome::Done,
                Reservation::Held(holder) => Outcome::retry(format!("order {holder} holds the seat")),
                Reservation::UnknownSeat => Outcome::reject(format!("no ticket {}", event.ticket.id)),
            });
        let outcomes = outcomes.collect();
        self.0.tell(&mut seats).await?;
        Ok(outcomes)
    }
}

impl Handler for OnOrderCancelled {
    type Event = OrderCancelled;

    async fn handle(&self, batch: &[Delivery<OrderCancelled>]) -> Result<Vec<Outcome>, BatchError> {
        let mut seats = self.0.seats.lock().await;
        batch.iter().for_each(|Delivery { event, .. }| seats.release(&event.ticket.id, &event.id));
        self.0.tell(&mut seats).await?;
        Ok(vec![Outcome::Done; batch.len()])
    }
}
