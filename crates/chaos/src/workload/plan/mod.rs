//! What happens in an episode and when, decided before it begins: the same seed gives the same plan.
//!
//! `act` is what there is to do, `orders` and `foreign` draw how orders go on, `bursts` says when much happens at once.

mod act;
mod bursts;
mod draw;
mod foreign;
mod orders;
#[cfg(test)]
mod tests;

use std::{ops::Range, time::Duration};

use common::event::Subject;
use serde::Serialize;

pub(crate) use act::{
    Act, Card, Deed, Door, Edit, ForeignOrder, ForeignStep, Moment, More, Offer, Order, Person, Poison,
    PoisonKind, Repeat, Replay, Step, What,
};
use draw::{count, object_id, price};

use testkit::Dice;

const SELLERS: usize = 2;
const BUYERS: Range<usize> = 8..13;
/// Of the buyers, those who sign up.
const SIGN_UPS: Range<usize> = 2..5;
/// Put up before anything else happens.
const TICKETS: Range<usize> = 18..28;
/// When those are put up.
const OPENING: Duration = Duration::from_millis(500);
/// Between two things that happen while it is quiet.
const PACE: Range<Duration> = Duration::from_millis(60)..Duration::from_millis(260);
/// Within which everything of a burst begins.
const AT_ONCE: Duration = Duration::from_millis(120);
/// Between a burst's beginning and the instant at which many orders are due in it.
const TOGETHER: Range<Duration> = Duration::from_millis(3_200)..Duration::from_millis(4_000);

/// All that happens in an episode.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct WorkloadPlan {
    pub(crate) seed: u64,
    /// Nothing begins after it.
    pub(crate) length: Duration,
    /// The time to pay.
    pub(crate) window: Duration,
    bursts: Vec<Range<Duration>>,
    /// The sellers, and then the buyers.
    pub(crate) people: Vec<Person>,
    /// How many tickets there are in all.
    pub(crate) tickets: usize,
    /// In the order in which they begin.
    pub(crate) acts: Vec<Act>,
}

impl WorkloadPlan {
    pub(crate) fn new(seed: u64, length: Duration, window: Duration) -> Self {
        let mut dice = Dice::new(seed).branch("workload");
        let bursts = bursts::draw(&mut dice, length);
        let people = people(&mut dice, seed);
        let mut draft =
            Draft { dice, length, window, people: people.len(), sellers: Vec::new(), acts: Vec::new() };
        draft.open();
        draft.trickle(&bursts);
        for burst in &bursts {
            draft.burst(burst.start);
        }
        draft.poison();
        draft.replays();
        let Draft { sellers, mut acts, .. } = draft;
        acts.sort_by_key(|act| act.at);
        Self { seed, length, window, bursts, people, tickets: sellers.len(), acts }
    }

    /// When much happens at once; else it is quiet.
    pub(crate) fn bursts(&self) -> &[Range<Duration>] {
        &self.bursts
    }

    /// One line for a person.
    pub(crate) fn summary(&self) -> String {
        let count = |is: fn(&Deed) -> bool| self.acts.iter().filter(|act| is(&act.deed)).count();
        let bursts: Vec<String> = self
            .bursts
            .iter()
            .map(|burst| format!("{:.1} to {:.1} s", burst.start.as_secs_f64(), burst.end.as_secs_f64()))
            .collect();
        format!(
            "{:.1} s with {:.1} s to pay, bursts {}: {} orders of {} tickets by {} buyers, {} orders of other services, \
             {} edits, {} poison, {} repeated, {} replays",
            self.length.as_secs_f64(),
            self.window.as_secs_f64(),
            bursts.join(" and "),
            count(|deed| matches!(deed, Deed::Order(_))),
            self.tickets,
            self.people.len() - SELLERS,
            count(|deed| matches!(deed, Deed::Foreign(_))),
            count(|deed| matches!(deed, Deed::Edit(_))),
            count(|deed| matches!(deed, Deed::Poison(_))),
            count(|deed| matches!(deed, Deed::Repeat(_))),
            count(|deed| matches!(deed, Deed::Replay(_))),
        )
    }
}

/// A plan in the making.
#[derive(Debug)]
struct Draft {
    dice: Dice,
    length: Duration,
    window: Duration,
    /// How many, sellers among them.
    people: usize,
    /// Who has put up each ticket.
    sellers: Vec<usize>,
    acts: Vec<Act>,
}

impl Draft {
    /// What is for sale at first.
    fn open(&mut self) {
        for _ in 0..count(&mut self.dice, TICKETS) {
            let at = self.dice.duration(Duration::ZERO..OPENING);
            self.offer(at);
        }
    }

    /// While it is quiet one thing happens after the other.
    fn trickle(&mut self, bursts: &[Range<Duration>]) {
        let mut at = OPENING;
        while at < self.length {
            if !bursts.iter().any(|burst| burst.contains(&at)) {
                match self.dice.below(20) {
                    0 => self.offer(at),
                    1 | 2 => self.edit(at),
                    3 | 4 => self.repeat(at),
                    5..=7 => {
                        let order = foreign::one(&mut self.dice, at, self.window);
                        self.act(at, Deed::Foreign(order));
                    }
                    _ => self.order(at),
                }
            }
            at += self.dice.duration(PACE);
        }
    }

    /// A rush for one seat, and many orders at once that are due together.
    fn burst(&mut self, start: Duration) {
        let rushed = self.ticket();
        for buyer in SELLERS..self.people {
            let (insists, steps) = (self.insists(), orders::steps(&mut self.dice, self.window));
            self.act(start, Deed::Order(Order { buyer, ticket: rushed, insists, steps }));
        }
        let due = start + self.dice.duration(TOGETHER);
        for number in 0..count(&mut self.dice, 12..26) {
            let at = start + self.dice.duration(Duration::ZERO..AT_ONCE);
            if number < 4 {
                let steps = orders::together(&mut self.dice, self.window, due);
                self.order_with(at, steps);
            } else {
                self.order(at);
            }
        }
        for order in foreign::together(&mut self.dice, start, self.window, 6..18) {
            self.act(start, Deed::Foreign(order));
        }
        for _ in 0..count(&mut self.dice, 1..5) {
            let at = start + self.dice.duration(Duration::ZERO..AT_ONCE * 4);
            if self.dice.one_in(2) { self.repeat(at) } else { self.edit(at) }
        }
    }

    /// One on every subject, and a few more.
    fn poison(&mut self) {
        let mut subjects = Subject::ALL.to_vec();
        for _ in 0..count(&mut self.dice, 0..5) {
            subjects.push(*self.dice.pick(&Subject::ALL));
        }
        for (number, subject) in subjects.into_iter().enumerate() {
            let at = self.anytime();
            let kind = *self.dice.pick(&PoisonKind::ALL);
            self.act(at, Deed::Poison(Poison { subject, number, kind }));
        }
    }

    /// In the second half, when there are dead letters.
    fn replays(&mut self) {
        for _ in 0..count(&mut self.dice, 2..6) {
            let at = self.dice.duration(self.length / 2..self.length);
            let (which, mended) = (self.dice.any(), self.dice.one_in(2));
            self.act(at, Deed::Replay(Replay { which, mended }));
        }
    }

    fn offer(&mut self, at: Duration) {
        let (seller, ticket) = (count(&mut self.dice, 0..SELLERS), self.sellers.len());
        self.sellers.push(seller);
        let offer = Offer { seller, ticket, title: format!("Seat {ticket}"), price: price(&mut self.dice) };
        self.act(at, Deed::Offer(offer));
    }

    fn edit(&mut self, at: Duration) {
        let (ticket, price) = (self.ticket(), price(&mut self.dice));
        let title = format!("Seat {ticket}, now {price}");
        self.act(at, Deed::Edit(Edit { seller: self.sellers[ticket], ticket, title, price }));
    }

    fn order(&mut self, at: Duration) {
        let steps = orders::steps(&mut self.dice, self.window);
        self.order_with(at, steps);
    }

    fn order_with(&mut self, at: Duration, steps: Vec<Step>) {
        let (buyer, ticket) = (count(&mut self.dice, SELLERS..self.people), self.ticket());
        let insists = self.insists();
        self.act(at, Deed::Order(Order { buyer, ticket, insists, steps }));
    }

    fn insists(&mut self) -> bool {
        !self.dice.one_in(4)
    }

    fn repeat(&mut self, at: Duration) {
        let (which, same_id) = (self.dice.any(), self.dice.one_in(3));
        let times = count(&mut self.dice, 1..4);
        self.act(at, Deed::Repeat(Repeat { which, same_id, times }));
    }

    fn ticket(&mut self) -> usize {
        count(&mut self.dice, 0..self.sellers.len())
    }

    fn anytime(&mut self) -> Duration {
        self.dice.duration(OPENING..self.length)
    }

    fn act(&mut self, at: Duration, deed: Deed) {
        self.acts.push(Act { at, deed });
    }
}

fn people(dice: &mut Dice, seed: u64) -> Vec<Person> {
    let (buyers, sign_ups) = (count(dice, BUYERS), count(dice, SIGN_UPS));
    let person = |number: usize| {
        let what = if number < SELLERS { "seller" } else { "buyer" };
        let signs_up = (SELLERS..SELLERS + sign_ups).contains(&number);
        Person { name: format!("{what}-{number}-{seed}"), user: object_id(dice), signs_up }
    };
    (0..SELLERS + buyers).map(person).collect()
}
