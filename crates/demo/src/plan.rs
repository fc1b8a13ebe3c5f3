//! Who orders what and how it ends, decided before the first order.

use std::time::Duration;

/// The buyers take turns.
pub(super) const BUYERS: [&str; 12] =
    ["Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana", "Ines", "Jon", "Kim", "Leo"];

/// The seat of order 2, whose buyer gives it up.
pub(super) const SOLD_TWICE: usize = 2;
const BUYER_WHO_CANCELS: usize = 1;

/// The order that an operator gives more time.
pub(super) const EXTENDED: usize = 4;

/// Time between two orders while there are so few of them that a person follows each one.
const PACE: Duration = Duration::from_millis(150);
/// What all of the pacing together may take.
const PACED: Duration = Duration::from_secs(2);

/// How an order is meant to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It is paid in time.
    Paid,
    /// Its buyer cancels it.
    CancelledByBuyer,
    /// Nobody pays, and its timer fires.
    Expires,
    /// An operator gives it more time, and it is paid within that.
    Extended,
    /// Nobody pays, and while its timer is pending a server loses what it had.
    Lost,
}

/// How an order that is paid is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// With a card that is good.
    Card,
    /// With another card, after the first was declined.
    SecondCard,
    /// As late as a payment has to count.
    LastMoment,
    /// When the time that the order had at first is over.
    MoreTime,
}

/// One order to be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Role {
    /// Counted from 1.
    pub(super) number: usize,
    /// Index into [`BUYERS`].
    pub(super) buyer: usize,
    /// Counted from 1.
    pub(super) seat: usize,
    pub(super) ending: Ending,
}

impl Role {
    /// How it is paid, if it is.
    pub(super) fn way(&self) -> Way {
        match self.number {
            1 => Way::SecondCard,
            EXTENDED => Way::MoreTime,
            5 => Way::LastMoment,
            _ => Way::Card,
        }
    }
}

/// All the orders.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Their timers are let alone.
    pub(super) first: Vec<Role>,
    /// Their timers are pending when a server loses what it had.
    pub(super) last: Vec<Role>,
    /// Seats for sale, numbered from 1.
    pub(super) seats: usize,
    /// Time between two orders.
    pub(super) pace: Duration,
}

impl Plan {
    /// The fewest orders with which everything happens once.
    pub(super) const FEWEST: usize = 5;

    /// A plan for so many orders: a quarter is paid, one is cancelled by its buyer, one gets more time, and at most 20 are pending when a server loses what it had.
    pub(super) fn new(orders: usize) -> Self {
        let last = (orders / 4).clamp(1, 20);
        let first = orders.max(Self::FEWEST) - last;
        let ending = |number: usize| match number {
            2 => Ending::CancelledByBuyer,
            EXTENDED => Ending::Extended,
            _ if number % 4 == 1 => Ending::Paid,
            _ => Ending::Expires,
        };
        // The seat that was given up goes to somebody else.
        let buyer = |number: usize| match (number - 1) % BUYERS.len() {
            buyer if number == first + 1 && buyer == BUYER_WHO_CANCELS => buyer + 1,
            buyer => buyer,
        };
        let role = |number: usize, seat, ending| Role { number, buyer: buyer(number), seat, ending };
        // The first of the last sits down where the buyer of order 2 stood up; the others have seats of their own.
        let seat_of_last = |number: usize| if number == first + 1 { SOLD_TWICE } else { number - 1 };
        Self {
            first: (1..=first).map(|number| role(number, number, ending(number))).collect(),
            last: (first + 1..=first + last)
                .map(|number| role(number, seat_of_last(number), Ending::Lost))
                .collect(),
            seats: first + last - 1,
            pace: PACE.min(PACED / u32::try_from(orders).unwrap_or(u32::MAX).max(1)),
        }
    }

    /// The numbers of the orders that are shown line by line: all of them, or a few of each ending.
    pub(super) fn followed(&self) -> Vec<usize> {
        const ALL: usize = 40;
        const OF_EACH: usize = 2;
        let roles = || self.first.iter().chain(&self.last);
        if roles().count() <= ALL {
            return roles().map(|role| role.number).collect();
        }
        let of =
            |ending| roles().filter(move |role| role.ending == ending).take(OF_EACH).map(|role| role.number);
        [Ending::Paid, Ending::CancelledByBuyer, Ending::Extended, Ending::Expires, Ending::Lost]
            .into_iter()
            .flat_map(of)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn every_ending_occurs_and_every_number_once_whatever_the_count() {
        for orders in [5, 6, 12, 41, 2_000] {
            let plan = Plan::new(orders);
            let roles: Vec<_> = plan.first.iter().chain(&plan.last).collect();
            assert_eq!(
                roles.iter().map(|role| role.number).collect::<Vec<_>>(),
                (1..=orders).collect::<Vec<_>>()
            );
            for ending in
                [Ending::Paid, Ending::CancelledByBuyer, Ending::Extended, Ending::Expires, Ending::Lost]
            {
                assert!(roles.iter().any(|role| role.ending == ending), "{ending:?} of {orders}");
                let followed = plan.followed();
                assert!(roles.iter().any(|role| role.ending == ending && followed.contains(&role.number)));
            }
        }
    }

    #[test]
    fn only_the_seat_of_the_buyer_who_cancels_is_sold_twice() {
        for orders in [5, 12, 17, 2_000] {
            let plan = Plan::new(orders);
            let mut sold: HashMap<usize, Vec<Ending>> = HashMap::new();
            for role in plan.first.iter().chain(&plan.last) {
                sold.entry(role.seat).or_default().push(role.ending);
            }
            assert_ne!(plan.last[0].buyer, plan.first[1].buyer, "of {orders}: it goes to somebody else");
            assert_eq!(plan.last[0].seat, SOLD_TWICE);
            assert_eq!(sold.len(), plan.seats);
            assert!(sold.keys().all(|seat| (1..=plan.seats).contains(seat)));
            let twice: Vec<_> = sold.values().filter(|fates| fates.len() > 1).collect();
            assert_eq!(twice, [&vec![Ending::CancelledByBuyer, Ending::Lost]]);
        }
    }

    #[test]
    fn two_thousand_orders_are_followed_by_a_few_of_them() {
        assert_eq!(Plan::new(12).followed().len(), 12);
        assert_eq!(Plan::new(2_000).followed(), [1, 5, 2, 4, 3, 6, 1_981, 1_982]);
    }
}
