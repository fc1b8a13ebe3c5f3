//! The copy of the tickets: duplicates, gaps and any order of arrival.

use orders::order::Ticket;

use crate::world::{World, ticket, wish};
use orders::store::Placed;

async fn copy(world: &World, ticket: &Ticket) -> (i64, String) {
    sqlx::query_as("select version, title from tickets where id = $1")
        .bind(ticket.id.as_str())
        .fetch_one(&world.pool)
        .await
        .unwrap()
}

fn version(ticket: &Ticket, version: u32) -> Ticket {
    Ticket { version, title: format!("title {version}"), ..ticket.clone() }
}

#[tokio::test]
async fn a_newer_version_is_applied_and_an_older_or_equal_one_is_a_duplicate() {
    let world = World::new().await;
    let ticket = ticket(0);
    for (arrives, applied, stands_at) in [(3, 1, 3), (3, 0, 3), (1, 0, 3), (0, 0, 3), (7, 1, 7), (5, 0, 7)] {
        assert_eq!(world.store.apply_tickets([version(&ticket, arrives)]).await.unwrap(), applied);
        assert_eq!(copy(&world, &ticket).await, (stands_at, format!("title {stands_at}")));
    }
}

#[tokio::test]
async fn of_several_versions_in_one_batch_the_newest_stays() {
    let world = World::new().await;
    let (one, two) = (ticket(0), ticket(0));
    let batch = [version(&one, 2), version(&two, 0), version(&one, 9), version(&one, 4), version(&two, 0)];
    assert_eq!(world.store.apply_tickets(batch).await.unwrap(), 2);
    assert_eq!(copy(&world, &one).await.0, 9);
    assert_eq!(copy(&world, &two).await.0, 0);
    assert_eq!(world.store.apply_tickets([]).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_copy_the_same_tickets_end_with_the_newest_versions() {
    let world = World::new().await;
    let tickets: Vec<Ticket> = (0..200).map(|_| ticket(0)).collect();
    let tasks: Vec<_> = (0..6)
        .map(|nth| {
            let store = world.store.clone();
            let mut batch: Vec<Ticket> = tickets.iter().map(|ticket| version(ticket, nth)).collect();
            batch.rotate_left(nth as usize * 31);
            tokio::spawn(async move { store.apply_tickets(batch).await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for ticket in &tickets {
        assert_eq!(copy(&world, ticket).await.0, 5);
    }
}

#[tokio::test]
async fn an_order_has_the_price_that_the_newest_version_said() {
    let world = World::new().await;
    let first = ticket(0);
    let newer = Ticket { version: 1, price: "25.5".parse().unwrap(), ..first.clone() };
    world.store.apply_tickets([first, newer.clone()]).await.unwrap();
    let Placed::Order(order) = world.store.place(&wish(&newer.id)).await.unwrap() else {
        panic!("not placed")
    };
    assert_eq!(order.ticket, newer);
}
