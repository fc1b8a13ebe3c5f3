//! I6 over every interleaving: whatever the order of arrival and however often an event comes, a ticket ends with the
//! order that lives, and each order frees what it held exactly once.

use std::collections::{BTreeMap, HashMap, VecDeque};

use common::event::{Id, TicketUpdated};
use futures_util::future::join_all;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tickets::{
    store::{OrderTicket, Store},
    ticket::Reservation,
};

use crate::world::{World, id, order};

/// The creation or the cancellation of one of a ticket's orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Arrival {
    Created(char),
    Cancelled(char),
}
use Arrival::{Cancelled, Created};

/// Every different order of these events, which come sorted.
fn interleavings(events: &[Arrival]) -> Vec<Vec<Arrival>> {
    let mut all = vec![events.to_vec()];
    while let Some(next) = next_permutation(all.last().unwrap()) {
        all.push(next);
    }
    all
}

/// The next larger one in lexicographic order, so that equal events are not told apart.
fn next_permutation(events: &[Arrival]) -> Option<Vec<Arrival>> {
    let mut next = events.to_vec();
    let pivot = (1..next.len()).rev().find(|at| next[at - 1] < next[*at])? - 1;
    let successor = (pivot + 1..next.len()).rev().find(|at| next[*at] > next[pivot])?;
    next.swap(pivot, successor);
    next[pivot + 1..].reverse();
    Some(next)
}

fn name(order: char, ticket: usize) -> String {
    format!("{order}-{ticket}")
}

/// Delivers each ticket's events in its order, all tickets in step, so that batches are full. What is held by another
/// order comes back behind the ticket's other events, as a retry does.
async fn deliver(world: &World, arrivals: Vec<Vec<Arrival>>) {
    world.many_tickets(arrivals.len()).await;
    let mut queues: Vec<VecDeque<Arrival>> = arrivals.into_iter().map(VecDeque::from).collect();
    let most_rounds = 4 * queues.iter().map(VecDeque::len).max().unwrap_or_default();
    for _ in 0..most_rounds {
        let heads: Vec<(usize, Arrival)> = queues
            .iter_mut()
            .enumerate()
            .filter_map(|(nth, queue)| Some((nth, queue.pop_front()?)))
            .collect();
        let of = |nth: usize, name_of: char| order(&name(name_of, nth + 1), &id(&format!("t-{}", nth + 1)));
        let pick = |wanted: fn(&Arrival) -> Option<char>| -> Vec<(usize, Arrival, OrderTicket)> {
            heads
                .iter()
                .filter_map(|(nth, arrival)| Some((*nth, *arrival, of(*nth, wanted(arrival)?))))
                .collect()
        };
        let created = pick(|arrival| if let Created(order) = arrival { Some(*order) } else { None });
        let cancelled = pick(|arrival| if let Cancelled(order) = arrival { Some(*order) } else { None });
        let batch: Vec<OrderTicket> = created.iter().map(|(_, _, order)| order.clone()).collect();
        for ((nth, arrival, _), answer) in created.iter().zip(world.store.reserve(&batch).await.unwrap()) {
            if matches!(answer, Reservation::HeldBy(_)) {
                queues[*nth].push_back(*arrival);
            }
        }
        let batch: Vec<OrderTicket> = cancelled.into_iter().map(|(_, _, order)| order).collect();
        world.store.release(&batch).await.unwrap();
    }
    let left: Vec<_> = queues.iter().filter(|queue| !queue.is_empty()).collect();
    assert!(left.is_empty(), "never answered: {left:?}");
}

/// Holds what was told of each ticket against I6, and says which order holds it in the end.
fn holders(updates: Vec<TicketUpdated>) -> HashMap<Id, Option<Id>> {
    let mut tickets: BTreeMap<Id, BTreeMap<u32, Option<Id>>> = BTreeMap::new();
    for update in updates {
        let known = tickets.entry(update.id.clone()).or_default().insert(update.version, update.order_id);
        assert!(known.is_none(), "{} has version {} twice", update.id, update.version);
    }
    let mut holders = HashMap::new();
    for (ticket, versions) in tickets {
        let mut holder: Option<Id> = None;
        let mut freed: Vec<Id> = Vec::new();
        for (expected, (version, next)) in (1..).zip(versions) {
            assert_eq!(version, expected, "{ticket}: versions are contiguous");
            match (holder.take(), &next) {
                (Some(old), None) => {
                    assert!(!freed.contains(&old), "{ticket}: {old} freed it twice");
                    freed.push(old);
                }
                (None, Some(new)) => assert!(!freed.contains(new), "{ticket}: {new} came back"),
                (old, new) => panic!("{ticket} went from {old:?} to {new:?}"),
            }
            holder = next;
        }
        holders.insert(ticket, holder);
    }
    holders
}

async fn check_ends(world: &World, tickets: usize, live: Option<char>) {
    let holders = holders(world.updates().await);
    for nth in 1..=tickets {
        let ticket = id(&format!("t-{nth}"));
        let expected = live.map(|order| id(&name(order, nth)));
        assert_eq!(holders.get(&ticket).cloned().flatten(), expected, "{ticket}");
        assert_eq!(world.find(&ticket).await.order_id, expected, "{ticket}");
    }
}

#[tokio::test]
async fn every_interleaving_of_a_cancelled_and_a_live_order_ends_with_the_live_one() {
    let world = World::new().await;
    let events = [Created('a'), Created('a'), Created('b'), Created('b'), Cancelled('a'), Cancelled('a')];
    let all = interleavings(&events);
    assert_eq!(all.len(), 90);
    deliver(&world, all).await;
    check_ends(&world, 90, Some('b')).await;
}

#[tokio::test]
async fn every_interleaving_of_two_cancelled_orders_ends_with_a_free_ticket() {
    let world = World::new().await;
    let events = [
        Created('a'),
        Created('a'),
        Created('b'),
        Created('b'),
        Cancelled('a'),
        Cancelled('a'),
        Cancelled('b'),
        Cancelled('b'),
    ];
    let all = interleavings(&events);
    assert_eq!(all.len(), 2_520);
    deliver(&world, all).await;
    check_ends(&world, 2_520, None).await;
}

/// More refusals than a held ticket can cause while the other workers still deliver.
const MOST_REFUSALS: usize = 2_000;

/// Delivers events of one ticket from a worker of its own, and again what is held, until all are answered; else it says
/// what is left.
async fn work(store: &Store, ticket: &Id, arrivals: Vec<(Arrival, usize)>) -> Result<(), String> {
    let mut queue = VecDeque::from(arrivals);
    let mut refusals = 0;
    while let Some((arrival, nth)) = queue.pop_front() {
        match arrival {
            Created(letter) => {
                let answer = store.reserve(&[order(&name(letter, nth), ticket)]).await.unwrap();
                if let [Reservation::HeldBy(holder)] = &answer[..] {
                    refusals += 1;
                    if refusals > MOST_REFUSALS {
                        return Err(format!("{arrival:?} is refused for ever, {holder} holds {ticket}"));
                    }
                    queue.push_back((arrival, nth));
                    tokio::task::yield_now().await;
                }
            }
            Cancelled(letter) => drop(store.release(&[order(&name(letter, nth), ticket)]).await.unwrap()),
        }
    }
    Ok(())
}

/// Any arrival of three orders' events, each up to three times, at any of three workers. The last order lives.
fn any_arrival() -> impl Strategy<Value = Vec<(Arrival, usize)>> {
    let events = [Created('a'), Cancelled('a'), Created('b'), Cancelled('b'), Created('c')];
    let repeated = events.map(|event| (Just(event), 1..=3_usize));
    repeated.to_vec().prop_flat_map(|events| {
        let all: Vec<Arrival> =
            events.into_iter().flat_map(|(event, times)| std::iter::repeat_n(event, times)).collect();
        let workers = prop::collection::vec(0..3_usize, all.len());
        (Just(all).prop_shuffle(), workers).prop_map(|(all, workers)| all.into_iter().zip(workers).collect())
    })
}

#[test]
fn any_arrival_at_several_replicas_at_once_ends_with_the_order_that_lives() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(World::new());
    runtime.block_on(world.many_tickets(60));
    let nth = std::cell::Cell::new(0);
    // Without a file of failures: a seed means nothing where workers race.
    let config = Config { cases: 60, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&any_arrival(), |arrivals| {
            nth.set(nth.get() % 60 + 1);
            let ticket = id(&format!("t-{}", nth.get()));
            runtime.block_on(async {
                let of = |worker| {
                    let mine = arrivals.iter().filter(move |(_, at)| *at == worker);
                    mine.map(|(arrival, _)| (*arrival, nth.get())).collect::<Vec<_>>()
                };
                let worked = join_all((0..3).map(|worker| work(&world.store, &ticket, of(worker)))).await;
                prop_assert_eq!(worked, vec![Ok(()); 3]);
                let held = world.find(&ticket).await.order_id;
                prop_assert_eq!(held, Some(id(&name('c', nth.get()))));
                Ok(())
            })
        })
        .unwrap();
    holders(runtime.block_on(world.updates()));
}
