//! What is told again: how everything stands that was changed since, in the bytes in which it was told.

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use common::{
    clock,
    event::{Event as _, Id, PaymentCreated, PaymentSettled, SettledOutcome, TicketUpdated, Timestamp},
    internal::{RetellAnswer, RetellCount},
};
use messaging::{Delivery, Handler, Outcome};
use orders::{
    handlers::{OnPaymentCreated, OnPaymentSettled, OnTicketUpdated},
    order::MoreTime,
    store::{Placed, Placement},
};
use reqwest::Method;
use serde_json::json;
use testkit::stored;

use crate::{
    api::Server,
    world::{QUARTER, World, payment, wish},
};

const EVER: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// Subject and body of everything in the outbox.
async fn outbox(world: &World) -> BTreeSet<(String, String)> {
    stored::whole_outbox(&world.pool).await.unwrap().into_iter().collect()
}

/// The broker has them all.
async fn relayed(world: &World) {
    stored::empty_outbox(&world.pool).await.unwrap();
}

async fn told_again(world: &World, since: DateTime<Utc>) -> BTreeSet<(String, String)> {
    relayed(world).await;
    let counted = world.store.outbox().count_retell(since).await.unwrap();
    assert_eq!(world.store.outbox().retell(since).await.unwrap(), counted);
    let told = outbox(world).await;
    assert_eq!(told.len() as u64, counted);
    told
}

fn of<'a>(told: &'a BTreeSet<(String, String)>, id: &Id) -> Vec<&'a str> {
    let is_about = |body: &str| body.starts_with(&format!(r#"{{"id":"{id}""#));
    told.iter().filter(|(_, body)| is_about(body)).map(|(subject, _)| subject.as_str()).collect()
}

async fn placed(world: &World, price: &str) -> Id {
    let ticket = orders::order::Ticket { price: price.parse().unwrap(), ..crate::world::ticket(0) };
    let wish: Placement = wish(&ticket.id);
    world.store.apply_tickets([ticket]).await.unwrap();
    match world.store.place(&wish).await.unwrap() {
        Placed::Order(order) => order.id,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_told_again_has_the_bytes_with_which_it_was_told() {
    let world = World::new().await;
    for price in ["20", "19.99", "0.000001", "9007199254740991", "100", "0.1"] {
        placed(&world, price).await;
    }
    let (complete, cancelled) = (placed(&world, "5").await, placed(&world, "7.50").await);
    world.store.pay(&[&payment(&complete)]).await.unwrap();
    world.store.cancel_for_operator(&cancelled).await.unwrap();
    let odd = PaymentCreated { stripe_id: "ch \"1\"\\ / é\u{7f}\n\u{1}".to_owned(), ..payment(&cancelled) };
    world.store.pay(&[&odd]).await.unwrap();
    let told = outbox(&world).await;
    let again = told_again(&world, EVER).await;
    let lacking: Vec<_> = told.difference(&again).collect();
    let [(subject, body)] = &lacking[..] else { panic!("{lacking:#?}") };
    assert_eq!((subject.as_str(), body.contains(cancelled.as_str())), ("order:created", true));
    assert_eq!(again.difference(&told).count(), 0);
}

#[tokio::test]
async fn an_order_is_told_as_it_stands_now() {
    let world = World::new().await;
    let (unpaid, complete) = (placed(&world, "5").await, placed(&world, "5").await);
    let cancelled = placed(&world, "5").await;
    let limit = Duration::from_secs(3_600);
    for order in [&unpaid, &complete, &cancelled] {
        let more = MoreTime::By(Duration::from_secs(60));
        world.store.extend(order, more, limit).await.unwrap();
    }
    world.store.pay(&[&payment(&complete)]).await.unwrap();
    world.store.cancel_for_operator(&cancelled).await.unwrap();
    let again = told_again(&world, EVER).await;
    assert_eq!(of(&again, &unpaid), ["order:created", "order:extended"]);
    assert_eq!(of(&again, &complete), ["order:completed", "order:created"]);
    assert_eq!(of(&again, &cancelled), ["order:cancelled"]);
    let ends: String = Timestamp::from(world.row(&unpaid).await.expires_at).to_string();
    let telling = again.iter().filter(|(_, body)| body.contains(unpaid.as_str()) && body.contains(&ends));
    assert_eq!(telling.count(), 2, "both tell the time that it has now");
}

#[tokio::test]
async fn a_rejected_payment_is_told_until_it_is_settled() {
    let world = World::new().await;
    let order = placed(&world, "5").await;
    world.store.cancel_for_operator(&order).await.unwrap();
    let (open, settled) = (payment(&order), payment(&order));
    world.store.pay(&[&open, &settled]).await.unwrap();
    let PaymentCreated { id, order_id, stripe_id } = settled.clone();
    let event = PaymentSettled { id, order_id, stripe_id, outcome: SettledOutcome::Released };
    world.store.settle(&[&event]).await.unwrap();
    let again = told_again(&world, EVER).await;
    assert_eq!(of(&again, &open.id), ["payment:rejected"]);
    assert_eq!(of(&again, &settled.id), [""; 0]);
}

#[tokio::test]
async fn what_was_changed_before_the_instant_is_not_told_and_a_change_since_is_told_alone() {
    let world = World::new().await;
    let untouched = placed(&world, "5").await;
    let (extended, complete, cancelled) =
        (placed(&world, "5").await, placed(&world, "5").await, placed(&world, "5").await);
    sqlx::query("update orders set created_at = now() - interval '1 hour'")
        .execute(&world.pool)
        .await
        .unwrap();
    let since = clock::now() - TimeDelta::minutes(1);
    assert_eq!(told_again(&world, since).await.len(), 0);
    let more = MoreTime::By(Duration::from_secs(60));
    world.store.extend(&extended, more, Duration::from_secs(9_999)).await.unwrap();
    world.store.pay(&[&payment(&complete)]).await.unwrap();
    world.store.cancel_for_operator(&cancelled).await.unwrap();
    let again = told_again(&world, since).await;
    assert_eq!(of(&again, &untouched), [""; 0]);
    assert_eq!(of(&again, &extended), ["order:extended"]);
    assert_eq!(of(&again, &complete), ["order:completed"]);
    assert_eq!(of(&again, &cancelled), ["order:cancelled"]);
    let oldest: DateTime<Utc> =
        sqlx::query_scalar("select min(changed_at) from outbox").fetch_one(&world.pool).await.unwrap();
    assert!(oldest >= since, "what is told again is as old as the change");
    assert_eq!(told_again(&world, clock::now() + TimeDelta::minutes(1)).await.len(), 0);
}

#[tokio::test]
async fn an_extension_by_the_release_before_is_told_again_too() {
    let world = World::new().await;
    let order = placed(&world, "5").await;
    // As it writes it, without a word of when.
    sqlx::query("update orders set expires_at = expires_at + interval '1 minute', created_at = now() - interval '1 hour'")
        .execute(&world.pool)
        .await
        .unwrap();
    let again = told_again(&world, clock::now() - TimeDelta::minutes(1)).await;
    assert_eq!(of(&again, &order), ["order:extended"]);
}

/// What a listener may change, as text.
async fn state(world: &World) -> Vec<String> {
    let mut state = Vec::new();
    for table in ["orders", "tickets", "rejected_payments"] {
        let rows: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select t::text from {table} t order by 1")))
                .fetch_all(&world.pool)
                .await
                .unwrap();
        state.extend(rows);
    }
    state
}

fn delivery<E>(event: E) -> Delivery<E> {
    Delivery { event, traceparent: None, sequence: 1, delivered: 1, stored_at_ms: 0, claim: None }
}

async fn takes<H: Handler>(handler: &H, event: H::Event) {
    assert_eq!(handler.handle(&[delivery(event)]).await.unwrap(), [Outcome::Done], "{}", H::Event::SUBJECT);
}

#[tokio::test]
async fn whoever_knows_it_already_does_nothing_when_others_tell_again() {
    let world = World::new().await;
    let (complete, cancelled) = (world.order(QUARTER).await, placed(&world, "5").await);
    let (taken, refused) = (payment(&complete.id), payment(&cancelled));
    world.store.cancel_for_operator(&cancelled).await.unwrap();
    world.store.pay(&[&taken, &refused]).await.unwrap();
    let settled = |payment: &PaymentCreated, outcome| {
        let PaymentCreated { id, order_id, stripe_id } = payment.clone();
        PaymentSettled { id, order_id, stripe_id, outcome }
    };
    let captured = settled(&taken, SettledOutcome::Captured);
    let released = settled(&refused, SettledOutcome::Released);
    world.store.settle(&[&captured, &released]).await.unwrap();
    let ticket = TicketUpdated {
        id: complete.ticket.id.clone(),
        version: complete.ticket.version,
        title: "as it was".to_owned(),
        price: "1".parse().unwrap(),
        user_id: complete.user_id.clone(),
        order_id: None,
    };
    relayed(&world).await;
    let before = state(&world).await;
    let (created, settled) = (OnPaymentCreated(world.store.clone()), OnPaymentSettled(world.store.clone()));
    for _ in 0..2 {
        takes(&settled, captured.clone()).await;
        takes(&created, taken.clone()).await;
        takes(&created, refused.clone()).await;
        takes(&settled, released.clone()).await;
        takes(&OnTicketUpdated(world.store.clone()), ticket.clone()).await;
    }
    assert_eq!(state(&world).await, before);
    assert_eq!(outbox(&world).await.len(), 0, "nothing is answered");
}

#[tokio::test]
async fn an_operator_has_it_counted_and_told_again() {
    let server = Server::new().await;
    server.world.order(QUARTER).await;
    relayed(&server.world).await;
    let since = "2026-01-31T12:00:00.000Z";
    let path = format!("/internal/retell?since={since}");
    let counted: RetellCount = server.console(Method::GET, &path, "").await.json().await.unwrap();
    assert_eq!((counted.events, outbox(&server.world).await.len()), (1, 0));
    let body = json!({ "since": since }).to_string();
    let told: RetellAnswer =
        server.console(Method::POST, "/internal/retell", &body).await.json().await.unwrap();
    assert_eq!((told.events, outbox(&server.world).await.len()), (1, 1));
    for bad in ["/internal/retell", "/internal/retell?since=soon", "/internal/retell?since="] {
        assert_eq!(server.console(Method::GET, bad, "").await.status(), 400, "{bad}");
    }
    let refused = server.console(Method::POST, "/internal/retell", r#"{"since":5}"#).await;
    assert_eq!(refused.status(), 400);
    let outbox = outbox::state(&server.world.database).await.unwrap();
    assert_eq!(outbox.told_again, None, "the broker has lost nothing");
}
