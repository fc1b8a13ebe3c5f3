//! A thousand buyers at once.

use std::{collections::BTreeMap, time::Duration};

use common::event::Id;
use futures_util::future::join_all;
use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::Value;
use testkit::eventually;

use crate::{
    people::{Person, client},
    world::{SOON, World},
};

const BUYERS: usize = 1_000;
const TICKETS: usize = 100;

/// A buyer has a connection of his own, and the gateway two for him.
fn allow_many_connections() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(16_384, |maximum| maximum.min(16_384));
    setrlimit(Resource::Nofile, rustix::process::Rlimit { current: Some(wanted), ..limit }).unwrap();
}

/// Orders until the answer is clear: turned away for now is no answer.
async fn buy(buyer: Person, ticket: &Id) -> (u16, Value) {
    eventually("a clear answer", SOON, async || {
        let answer = buyer.order(ticket).await;
        match answer.status().as_u16() {
            503 => Err("turned away for now".to_owned()),
            status => Ok((status, answer.json().await.unwrap())),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_buyers_at_once_on_a_hundred_tickets_exactly_a_hundred_get_one_and_all_others_are_told()
{
    allow_many_connections();
    let world = World::start(Duration::from_secs(900)).await;
    let client = client();
    let seller = Person::signed_in(&world.platform, &client, &Id::generate());
    let mut tickets = Vec::new();
    for seat in 1..=TICKETS {
        tickets.push(seller.sell(&format!("Concert, seat {seat}")).await);
    }
    eventually("`orders` knows every ticket", SOON, async || {
        let known = world.known_tickets().await;
        if known == TICKETS as i64 { Ok(()) } else { Err(format!("{known} of {TICKETS}")) }
    })
    .await;
    let answers = join_all((0..BUYERS).map(|nth| {
        let buyer = Person::signed_in(&world.platform, &client, &Id::generate());
        buy(buyer, &tickets[nth % TICKETS])
    }))
    .await;

    let mut sold: BTreeMap<String, String> = BTreeMap::new();
    let mut refused = 0;
    for (status, body) in answers {
        match status {
            201 => {
                let (ticket, order) = (body["ticket"]["id"].as_str().unwrap(), body["id"].as_str().unwrap());
                assert_eq!(sold.insert(ticket.to_owned(), order.to_owned()), None, "{ticket} was sold twice");
            }
            400 => {
                assert_eq!(body["errors"][0]["message"], "Ticket is already reserved");
                refused += 1;
            }
            other => panic!("{other}: {body}"),
        }
    }
    assert_eq!((sold.len(), refused), (TICKETS, BUYERS - TICKETS));
    eventually("every sold seat is reserved for its order", SOON, async || {
        let tickets = seller.get("/api/tickets?status=all").await;
        let held: BTreeMap<String, String> = tickets
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|ticket| {
                Some((ticket["id"].as_str()?.to_owned(), ticket["orderId"].as_str()?.to_owned()))
            })
            .collect();
        if held == sold { Ok(()) } else { Err(format!("{} are reserved", held.len())) }
    })
    .await;
    assert_eq!(world.dead_letters().await, [""; 0]);
}
