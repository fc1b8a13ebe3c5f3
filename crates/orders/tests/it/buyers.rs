//! Buyers who place and cancel orders.

use common::event::{Id, OrderCancelled, OrderCreated};
use orders::{
    order::{Cancellation, Payment, Rejection},
    store::{CancelError, Placed},
};

use crate::world::{QUARTER, World, id, payment, wish};

#[tokio::test]
async fn a_placed_order_is_told_with_the_instant_that_its_row_has() {
    let world = World::new().await;
    let wish = wish(&world.ticket().await);
    let Placed::Order(order) = world.store.place(&wish).await.unwrap() else { panic!("not placed") };
    assert_eq!((&order.id, &order.user_id, order.version), (&wish.order_id, &wish.user_id, 0));
    assert_eq!(world.store.find(&order.id).await.unwrap(), Some(order.clone()));

    let told = world.published("order:created").await;
    let [told] = &told[..] else { panic!("{told:?}") };
    assert_eq!(told.traceparent, Some(wish.traceparent.to_string()));
    let event: OrderCreated = serde_json::from_str(&told.payload).unwrap();
    assert_eq!((event.id, event.user_id, event.version), (order.id.clone(), order.user_id, 0));
    assert_eq!((event.ticket.id, event.ticket.price), (order.ticket.id, order.ticket.price));
    let row = world.row(&order.id).await;
    assert_eq!(chrono::DateTime::from(event.expires_at), row.expires_at);
    let window = row.expires_at - common::clock::now();
    assert!(window.num_seconds() > 14 * 60 && window.num_seconds() <= 15 * 60, "{window}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_buyers_who_race_for_a_ticket_exactly_one_gets_it() {
    let world = World::new().await;
    for _ in 0..5 {
        let ticket = world.ticket().await;
        let buyers: Vec<_> = (0..20)
            .map(|_| {
                let (store, wish) = (world.store.clone(), wish(&ticket));
                tokio::spawn(async move { store.place(&wish).await.unwrap() })
            })
            .collect();
        let mut got = 0;
        for buyer in buyers {
            match buyer.await.unwrap() {
                Placed::Order(_) => got += 1,
                Placed::Reserved => {}
                other => panic!("each buyer asks once for a ticket that is known: {other:?}"),
            }
        }
        assert_eq!(got, 1);
    }
    assert_eq!(world.published("order:created").await.len(), 5);
}

#[tokio::test]
async fn an_order_placed_again_because_the_answer_was_lost_is_the_same_order() {
    let world = World::new().await;
    let wish = wish(&world.ticket().await);
    let first = world.store.place(&wish).await.unwrap();
    assert!(matches!(first, Placed::Order(_)), "{first:?}");
    assert_eq!(world.store.place(&wish).await.unwrap(), first);
    assert_eq!(world.published("order:created").await.len(), 1);
}

#[tokio::test]
async fn a_ticket_that_nobody_has_told_of_is_unknown() {
    let world = World::new().await;
    assert_eq!(world.store.place(&wish(&id("nothing"))).await.unwrap(), Placed::UnknownTicket);
}

#[tokio::test]
async fn a_cancelled_order_frees_its_ticket_for_the_next_buyer() {
    let world = World::new().await;
    let order = world.order(QUARTER).await;
    assert_eq!(world.store.place(&wish(&order.ticket.id)).await.unwrap(), Placed::Reserved);
    assert_eq!(world.store.cancel(&order.id, &order.user_id).await.unwrap(), Cancellation::Cancels);
    assert!(matches!(world.store.place(&wish(&order.ticket.id)).await.unwrap(), Placed::Order(_)));
}

#[tokio::test]
async fn a_buyers_cancellation_is_told_once_with_the_next_version_and_the_orders_trace() {
    let world = World::new().await;
    let order = world.order(QUARTER).await;
    assert_eq!(world.store.cancel(&order.id, &order.user_id).await.unwrap(), Cancellation::Cancels);
    assert_eq!(world.store.cancel(&order.id, &order.user_id).await.unwrap(), Cancellation::Repeated);
    let told = world.published("order:cancelled").await;
    let [told] = &told[..] else { panic!("{told:?}") };
    let event: OrderCancelled = serde_json::from_str(&told.payload).unwrap();
    assert_eq!((event.id, event.version, event.ticket.id), (order.id, 1, order.ticket.id));
    assert_eq!(told.traceparent, world.published("order:created").await[0].traceparent);
}

#[tokio::test]
async fn only_its_buyer_cancels_an_order_and_only_while_it_is_unpaid() {
    let world = World::new().await;
    let order = world.order(QUARTER).await;
    let stranger = world.store.cancel(&order.id, &Id::generate()).await;
    assert!(matches!(stranger, Err(CancelError::NotTheBuyers)), "{stranger:?}");
    let nothing = world.store.cancel(&id("nobody"), &order.user_id).await;
    assert!(matches!(nothing, Err(CancelError::UnknownOrder)), "{nothing:?}");
    assert_eq!(world.store.pay(&[&payment(&order.id)]).await.unwrap(), [Payment::Completes]);
    assert_eq!(world.store.cancel(&order.id, &order.user_id).await.unwrap(), Cancellation::OrderIsComplete);
    assert_eq!(world.row(&order.id).await.status, "complete");
    assert_eq!(world.published("order:cancelled").await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_paid_and_cancelled_at_the_same_instant_becomes_exactly_one_of_them() {
    let world = World::new().await;
    let mut cancelled = 0;
    for _ in 0..60 {
        let order = world.order(QUARTER).await;
        let payment = payment(&order.id);
        let payments = [&payment];
        let (cancel, pay) =
            tokio::join!(world.store.cancel(&order.id, &order.user_id), world.store.pay(&payments));
        let status = world.row(&order.id).await.status;
        match (cancel.unwrap(), pay.unwrap().remove(0)) {
            (Cancellation::Cancels, Payment::Rejected(Rejection::OrderIsCancelled)) => {
                assert_eq!(status, "cancelled");
                cancelled += 1;
            }
            (Cancellation::OrderIsComplete, Payment::Completes) => assert_eq!(status, "complete"),
            other => panic!("{other:?} left {status}"),
        }
    }
    assert_eq!(world.published("order:cancelled").await.len(), cancelled);
}

#[tokio::test]
async fn a_buyers_orders_are_listed_the_oldest_first_and_nobody_elses() {
    let world = World::new().await;
    let user = Id::generate();
    let mut placed = Vec::new();
    for _ in 0..3 {
        let wish = orders::store::Placement { user_id: user.clone(), ..wish(&world.ticket().await) };
        world.store.place(&wish).await.unwrap();
        placed.push(wish.order_id);
    }
    world.order(QUARTER).await;
    let listed = world.orders_of(&user).await;
    assert_eq!(listed.into_iter().map(|order| order.id).collect::<Vec<_>>(), placed);
}
