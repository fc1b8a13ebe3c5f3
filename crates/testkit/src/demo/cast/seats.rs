//! Which order holds which seat: the rules of `tickets`.

use std::collections::{HashMap, HashSet};

use common::event::{Id, TicketCreated, TicketUpdated};

/// All seats, and what has to be told of them.
#[derive(Debug, Default)]
pub(super) struct Seats {
    seats: HashMap<Id, TicketUpdated>,
    /// Orders whose cancellation has come. Their `order:created`, should it come late, reserves nothing.
    cancelled: HashSet<Id>,
    /// Changes that are not yet known to be stored by the broker.
    untold: Vec<TicketUpdated>,
}

/// What became of a reservation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reservation {
    /// The seat is this order's, or need not be.
    Done,
    /// Another order holds it, whose cancellation is on its way.
    Held(Id),
    /// There is no such seat.
    UnknownSeat,
}

impl Seats {
    pub(super) fn add(&mut self, ticket: TicketCreated) {
        let TicketCreated { id, version, title, price, user_id } = ticket;
        self.seats.insert(id.clone(), TicketUpdated { id, version, title, price, user_id, order_id: None });
    }

    pub(super) fn reserve(&mut self, ticket: &Id, order: &Id) -> Reservation {
        if self.cancelled.contains(order) {
            return Reservation::Done;
        }
        let Some(seat) = self.seats.get_mut(ticket) else { return Reservation::UnknownSeat };
        match &seat.order_id {
            Some(holder) if holder == order => Reservation::Done,
            Some(holder) => Reservation::Held(holder.clone()),
            None => {
                hand_over(seat, Some(order.clone()), &mut self.untold);
                Reservation::Done
            }
        }
    }

    pub(super) fn release(&mut self, ticket: &Id, order: &Id) {
        self.cancelled.insert(order.clone());
        let held = self.seats.get_mut(ticket).filter(|seat| seat.order_id.as_ref() == Some(order));
        if let Some(seat) = held {
            hand_over(seat, None, &mut self.untold);
        }
    }

    pub(super) fn untold(&self) -> &[TicketUpdated] {
        &self.untold
    }

    pub(super) fn all_told(&mut self) {
        self.untold.clear();
    }
}

fn hand_over(seat: &mut TicketUpdated, to: Option<Id>, untold: &mut Vec<TicketUpdated>) {
    seat.version += 1;
    seat.order_id = to;
    untold.push(seat.clone());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Id {
        text.parse().unwrap()
    }

    fn seats() -> Seats {
        let mut seats = Seats::default();
        let title = "seat 1".to_owned();
        let price = "20".parse().unwrap();
        seats.add(TicketCreated { id: id("t"), version: 0, title, price, user_id: id("u") });
        seats
    }

    fn told(seats: &Seats) -> Vec<(u32, Option<&str>)> {
        seats.untold().iter().map(|seat| (seat.version, seat.order_id.as_ref().map(Id::as_str))).collect()
    }

    #[test]
    fn a_seat_is_held_by_one_order_at_a_time_and_each_change_is_told_once() {
        let mut seats = seats();
        assert_eq!(seats.reserve(&id("t"), &id("a")), Reservation::Done);
        assert_eq!(seats.reserve(&id("t"), &id("a")), Reservation::Done);
        assert_eq!(seats.reserve(&id("t"), &id("b")), Reservation::Held(id("a")));
        seats.release(&id("t"), &id("a"));
        seats.release(&id("t"), &id("a"));
        assert_eq!(seats.reserve(&id("t"), &id("b")), Reservation::Done);
        assert_eq!(told(&seats), [(1, Some("a")), (2, None), (3, Some("b"))]);
        assert_eq!(seats.reserve(&id("x"), &id("c")), Reservation::UnknownSeat);
    }

    #[test]
    fn a_cancellation_that_overtakes_its_order_leaves_the_seat_alone() {
        let mut seats = seats();
        assert_eq!(seats.reserve(&id("t"), &id("a")), Reservation::Done);
        seats.release(&id("t"), &id("late"));
        assert_eq!(seats.reserve(&id("t"), &id("late")), Reservation::Done);
        assert_eq!(told(&seats), [(1, Some("a"))]);
    }
}
