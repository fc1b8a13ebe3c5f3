//! The listener: one seat. Whatever it is told, in any order and any number of times, it comes to the same.

use super::{
    mistake::Mistake,
    state::{State, Tickets},
    stream::Fact,
    system::System,
};

/// Whether the event is taken now. A seat that another order holds is waited for: its cancellation is coming.
pub(crate) fn takes(tickets: &Tickets, fact: Fact) -> bool {
    match fact {
        Fact::Created(order) => {
            tickets.is_buried(order) || tickets.holder.is_none_or(|holder| holder == order)
        }
        Fact::Cancelled(_) | Fact::Foreign => true,
    }
}

/// Holds the seat for an order that is not cancelled, and frees it. A tombstone is left also for an order that held it:
/// its `order:created` may be told again.
pub(crate) fn handle(system: &System, state: &mut State, fact: Fact) {
    let tickets = &mut state.tickets;
    match fact {
        Fact::Created(order) if !tickets.is_buried(order) => tickets.holder = Some(order),
        Fact::Cancelled(order) => {
            let held = tickets.holder == Some(order);
            if held {
                tickets.holder = None;
            }
            if !held || !system.errs(Mistake::NoTombstone) {
                tickets.tombstones |= 1 << order;
            }
        }
        Fact::Created(_) | Fact::Foreign => {}
    }
}
