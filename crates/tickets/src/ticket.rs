//! The rules of a ticket: who may hold it, and who may change it.
//!
//! A ticket is free or held by one order. `order:created` takes a free one, `order:cancelled` frees it if that order
//! holds it, and neither depends on the order in which the events arrive (I6). The store locks the row, asks here, and
//! writes what the answer says.

use common::event::{Id, Price, TicketCreated, TicketUpdated};

/// A ticket, as everybody sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The ticket's id.
    pub id: Id,
    /// Its version: 0 when new, one more with each change.
    pub version: u32,
    /// What the seat is for.
    pub title: String,
    /// What it costs.
    pub price: Price,
    /// The seller.
    pub user_id: Id,
    /// The order that holds it.
    pub order_id: Option<Id>,
}

/// What an order's creation does to its ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reservation {
    /// The order holds the ticket now.
    Reserves,
    /// It did before.
    Repeated,
    /// The order has been cancelled: its cancellation was faster, or this is a repetition from before.
    OrderIsCancelled,
    /// Another order holds the ticket. Its cancellation is on its way, or this order could not have been placed.
    HeldBy(Id),
    /// There is no such ticket.
    UnknownTicket,
}

/// What an order's cancellation does to its ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// The ticket is free now.
    Frees,
    /// The order does not hold it: it never did, or no longer.
    NotHeld,
}

/// Why a ticket is not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditRefusal {
    /// There is no such ticket.
    #[error("no such ticket")]
    UnknownTicket,
    /// It is someone else's.
    #[error("not the seller's ticket")]
    NotTheSellers,
    /// An order holds it.
    #[error("the ticket is reserved")]
    Reserved,
    /// It is not at a version that the change is meant for.
    #[error("the ticket has another version")]
    Changed,
}

impl Ticket {
    /// What the creation of `order` does, `cancelled` if the order's cancellation has come.
    pub fn reserve(&self, order: &Id, cancelled: bool) -> Reservation {
        match &self.order_id {
            _ if cancelled => Reservation::OrderIsCancelled,
            None => Reservation::Reserves,
            Some(holder) if holder == order => Reservation::Repeated,
            Some(holder) => Reservation::HeldBy(holder.clone()),
        }
    }

    /// What the cancellation of `order` does.
    pub fn release(&self, order: &Id) -> Release {
        if self.order_id.as_ref() == Some(order) { Release::Frees } else { Release::NotHeld }
    }

    /// Whether `user` may change it, if it is at one of these versions; `None` is any.
    ///
    /// # Errors
    /// Why not.
    pub fn may_edit(&self, user: &Id, versions: Option<&[u32]>) -> Result<(), EditRefusal> {
        if self.user_id != *user {
            return Err(EditRefusal::NotTheSellers);
        }
        if versions.is_some_and(|versions| !versions.contains(&self.version)) {
            return Err(EditRefusal::Changed);
        }
        if self.order_id.is_some() { Err(EditRefusal::Reserved) } else { Ok(()) }
    }

    /// The same ticket one version later, with another holder.
    #[must_use]
    pub fn handed_to(&self, order_id: Option<Id>) -> Self {
        Self { version: self.version + 1, order_id, ..self.clone() }
    }

    /// The event that tells of a new ticket.
    pub fn created(&self) -> TicketCreated {
        let Self { id, version, title, price, user_id, .. } = self.clone();
        TicketCreated { id, version, title, price, user_id }
    }

    /// The event that tells of a changed one.
    pub fn updated(&self) -> TicketUpdated {
        let Self { id, version, title, price, user_id, order_id } = self.clone();
        TicketUpdated { id, version, title, price, user_id, order_id }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Id {
        text.parse().unwrap()
    }

    fn ticket(holder: Option<&str>) -> Ticket {
        Ticket {
            id: id("t"),
            version: 3,
            title: "Concert".to_owned(),
            price: "20".parse().unwrap(),
            user_id: id("seller"),
            order_id: holder.map(id),
        }
    }

    #[test]
    fn a_ticket_is_held_by_one_order_at_a_time() {
        assert_eq!(ticket(None).reserve(&id("a"), false), Reservation::Reserves);
        assert_eq!(ticket(Some("a")).reserve(&id("a"), false), Reservation::Repeated);
        assert_eq!(ticket(Some("a")).reserve(&id("b"), false), Reservation::HeldBy(id("a")));
    }

    #[test]
    fn a_cancelled_order_reserves_nothing_whoever_holds_the_ticket() {
        for holder in [None, Some("a"), Some("b")] {
            assert_eq!(ticket(holder).reserve(&id("a"), true), Reservation::OrderIsCancelled);
        }
    }

    #[test]
    fn only_the_holders_cancellation_frees_a_ticket() {
        assert_eq!(ticket(Some("a")).release(&id("a")), Release::Frees);
        assert_eq!(ticket(Some("a")).release(&id("b")), Release::NotHeld);
        assert_eq!(ticket(None).release(&id("a")), Release::NotHeld);
    }

    #[test]
    fn only_its_seller_changes_a_ticket_and_only_while_it_is_free_and_as_seen() {
        let free = ticket(None);
        assert_eq!(free.may_edit(&id("seller"), None), Ok(()));
        assert_eq!(free.may_edit(&id("seller"), Some(&[2, 3])), Ok(()));
        assert_eq!(free.may_edit(&id("seller"), Some(&[2])), Err(EditRefusal::Changed));
        assert_eq!(free.may_edit(&id("other"), None), Err(EditRefusal::NotTheSellers));
        assert_eq!(ticket(Some("a")).may_edit(&id("seller"), None), Err(EditRefusal::Reserved));
        assert_eq!(ticket(Some("a")).may_edit(&id("other"), None), Err(EditRefusal::NotTheSellers));
    }

    #[test]
    fn each_hand_over_is_one_version() {
        let held = ticket(None).handed_to(Some(id("a")));
        assert_eq!((held.version, held.order_id.clone()), (4, Some(id("a"))));
        assert_eq!(held.handed_to(None).version, 5);
        assert_eq!(held.updated().order_id, Some(id("a")));
    }
}
