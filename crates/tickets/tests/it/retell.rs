//! What is told again: how each ticket stands, in the bytes in which it was told.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use common::{
    clock,
    event::Id,
    internal::{RetellAnswer, RetellCount},
    traceparent::Traceparent,
};
use reqwest::Method;
use serde_json::json;
use testkit::stored;
use tickets::store::{Draft, Edit, OrderTicket};

use crate::{
    api::Server,
    world::{World, draft, order},
};

const EVER: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// Subject and body of the newest event of each ticket in the outbox.
async fn newest(world: &World) -> BTreeMap<String, (String, String)> {
    let rows = stored::whole_outbox(&world.pool).await.unwrap();
    let id = |body: &str| serde_json::from_str::<serde_json::Value>(body).unwrap()["id"].to_string();
    rows.into_iter().map(|(subject, body)| (id(&body), (subject, body))).collect()
}

async fn relayed(world: &World) {
    stored::empty_outbox(&world.pool).await.unwrap();
}

async fn told_again(world: &World, since: DateTime<Utc>) -> BTreeMap<String, (String, String)> {
    relayed(world).await;
    let counted = world.store.outbox().count_retell(since).await.unwrap();
    assert_eq!(world.store.outbox().retell(since).await.unwrap(), counted);
    let told = newest(world).await;
    assert_eq!(told.len() as u64, counted);
    told
}

fn edit(ticket: &Id, title: &str) -> Edit {
    Edit {
        ticket: ticket.clone(),
        user_id: draft().user_id,
        versions: None,
        title: title.to_owned(),
        price: "1234567.5".parse().unwrap(),
        most_a_minute: None,
        traceparent: Traceparent::generate(),
    }
}

#[tokio::test]
async fn a_ticket_is_told_as_it_stands_with_the_bytes_with_which_that_was_told() {
    let world = World::new().await;
    for (title, price) in
        [("Concert", "20"), ("\"Q\\\" / é 座 \u{1F3AB}\t\u{1}\u{7f}%s", "0.000001"), ("x", "100.10")]
    {
        let draft = Draft { title: title.to_owned(), price: price.parse().unwrap(), ..draft() };
        world.store.sell(&draft).await.unwrap();
    }
    let (edited, held, freed) = (world.ticket().await, world.ticket().await, world.ticket().await);
    world.store.edit(&edit(&edited.id, "Concert, row 7")).await.unwrap();
    let (one, other) = (order("o-1", &held.id), order("o-2", &freed.id));
    world.store.reserve(&[one, other.clone()]).await.unwrap();
    world.store.release(&[other]).await.unwrap();
    let told = newest(&world).await;
    assert_eq!(told_again(&world, EVER).await, told);
}

#[tokio::test]
async fn what_was_changed_before_the_instant_is_not_told() {
    let world = World::new().await;
    let (untouched, edited, held) = (world.ticket().await, world.ticket().await, world.ticket().await);
    sqlx::query("update tickets set changed_at = now() - interval '1 hour'")
        .execute(&world.pool)
        .await
        .unwrap();
    let since = clock::now() - TimeDelta::minutes(1);
    assert_eq!(told_again(&world, since).await.len(), 0);
    world.store.edit(&edit(&edited.id, "Concert, row 7")).await.unwrap();
    // As the release before writes it.
    sqlx::query("update tickets set order_id = 'o-1', version = version + 1 where id = $1")
        .bind(held.id.as_str())
        .execute(&world.pool)
        .await
        .unwrap();
    let again = told_again(&world, since).await;
    assert!(!again.contains_key(&format!("{:?}", untouched.id.as_str())), "{again:?}");
    assert_eq!(again.len(), 2);
}

/// What a listener may change, as text.
async fn state(world: &World) -> Vec<String> {
    sqlx::query_scalar(
        "select t::text from (select id, version, order_id from tickets) t
         union all select c.order_id from cancelled_orders c order by 1",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap()
}

/// A call of the store for each event.
async fn apply(world: &World, cancelled: bool, order: &OrderTicket) {
    let orders = std::slice::from_ref(order);
    if cancelled {
        world.store.release(orders).await.unwrap();
    } else {
        world.store.reserve(orders).await.unwrap();
    }
}

#[tokio::test]
async fn whoever_knows_it_already_does_nothing_in_whatever_order_it_is_told_again() {
    let world = World::new().await;
    let ticket = world.ticket().await.id;
    let (first, second) = (order("o-1", &ticket), order("o-2", &ticket));
    // Live: sold, cancelled, sold again. Told again by orders: how both stand.
    for (cancelled, order) in [(false, &first), (true, &first), (false, &second)] {
        apply(&world, cancelled, order).await;
    }
    relayed(&world).await;
    let before = state(&world).await;
    let again = [(true, &first), (false, &second), (false, &first)];
    for turn in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for nth in turn {
            apply(&world, again[nth].0, again[nth].1).await;
        }
        assert_eq!(state(&world).await, before, "{turn:?}");
    }
    assert_eq!(newest(&world).await.len(), 0, "nothing is told");
}

#[tokio::test]
async fn a_seat_whose_orders_cancellation_was_lost_is_handed_on_once_it_is_told_again_in_whatever_order() {
    for turn in [[0, 1], [1, 0]] {
        let world = World::new().await;
        let ticket = world.ticket().await.id;
        let (first, second) = (order("o-1", &ticket), order("o-2", &ticket));
        apply(&world, false, &first).await;
        let again = [(true, &first), (false, &second)];
        for nth in turn {
            apply(&world, again[nth].0, again[nth].1).await;
        }
        // A reservation that found the seat held comes again.
        apply(&world, false, &second).await;
        assert_eq!(world.find(&ticket).await.order_id.as_ref(), Some(&second.order));
    }
}

#[tokio::test]
async fn an_operator_has_it_counted_and_told_again() {
    let server = Server::new().await;
    server.world.ticket().await;
    relayed(&server.world).await;
    let since = "2026-01-31T12:00:00.000Z";
    let path = format!("/internal/retell?since={since}");
    let counted: RetellCount = server.console(Method::GET, &path, "").await.json().await.unwrap();
    assert_eq!((counted.events, newest(&server.world).await.len()), (1, 0));
    let body = json!({ "since": since }).to_string();
    let told: RetellAnswer =
        server.console(Method::POST, "/internal/retell", &body).await.json().await.unwrap();
    assert_eq!((told.events, newest(&server.world).await.len()), (1, 1));
}
