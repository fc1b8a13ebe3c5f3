//! Every answer of the API, byte for byte.

use std::num::NonZeroU32;

use common::{event::Id, traceparent::Traceparent};
use futures_util::future::join_all;
use orders::order::Ticket;
use reqwest::Method;
use serde_json::Value;

use crate::{
    api::{Server, check},
    world::{QUARTER, id, payment},
};

const TICKET: &str = r#"{"ticketId":"t-1"}"#;

/// A server that knows the ticket of the golden files.
async fn server() -> Server {
    let server = Server::new().await;
    let ticket = Ticket {
        id: id("t-1"),
        version: 3,
        title: "Concert, row 7".to_owned(),
        price: "19.99".parse().unwrap(),
    };
    server.world.store.apply_tickets([ticket]).await.unwrap();
    server
}

/// Orders the ticket as `u-1`; the order's id and path, and the instant at which it expires.
async fn order(server: &Server) -> (Id, String, String) {
    let body: Value = server.post("u-1", TICKET).await.json().await.unwrap();
    let order = body["id"].as_str().unwrap();
    (id(order), format!("/api/orders/{order}"), body["expiresAt"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_placed_order_is_answered_shown_and_listed_as_the_golden_files_say() {
    let server = server().await;
    check(server.get("u-1", "/api/orders").await, include_str!("../golden/listed_empty.http"), &[]).await;
    let created = server.post("u-1", TICKET).await;
    let placed = server.world.orders_of(&id("u-1")).await.remove(0);
    let (order, expires) = (placed.id.to_string(), placed.expires_at.to_string());
    let names = [("order", order.as_str()), ("expires", expires.as_str())];
    check(created, include_str!("../golden/created.http"), &names).await;
    let path = format!("/api/orders/{order}");
    check(server.get("u-1", &path).await, include_str!("../golden/shown.http"), &names).await;
    check(server.get("u-1", "/api/orders").await, include_str!("../golden/listed.http"), &names).await;
    check(server.get("u-2", "/api/orders").await, include_str!("../golden/listed_empty.http"), &[]).await;
}

#[tokio::test]
async fn a_cancelled_order_is_answered_and_shown_as_the_golden_files_say() {
    let server = server().await;
    let (order, path, expires) = order(&server).await;
    for _ in ["first", "again"] {
        check(server.delete("u-1", &path).await, include_str!("../golden/cancelled.http"), &[]).await;
    }
    let names = [("order", order.as_str()), ("expires", expires.as_str())];
    check(server.get("u-1", &path).await, include_str!("../golden/shown_cancelled.http"), &names).await;
}

#[tokio::test]
async fn a_complete_order_is_shown_and_not_cancelled() {
    let server = server().await;
    let (order, path, expires) = order(&server).await;
    server.world.store.pay(&[&payment(&order)]).await.unwrap();
    let refused = include_str!("../golden/complete_not_cancelled.http");
    check(server.delete("u-1", &path).await, refused, &[]).await;
    let names = [("order", order.as_str()), ("expires", expires.as_str())];
    check(server.get("u-1", &path).await, include_str!("../golden/shown_complete.http"), &names).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_buyers_who_race_for_one_ticket_exactly_one_gets_it_and_the_other_is_told() {
    let server = server().await;
    let (one, two) = tokio::join!(server.post("u-1", TICKET), server.post("u-2", TICKET));
    let (winner, loser) = if one.status() == 201 { (one, two) } else { (two, one) };
    assert_eq!(winner.status(), 201);
    check(loser, include_str!("../golden/reserved.http"), &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_who_asks_twice_gets_one_order_also_when_both_requests_come_at_once() {
    let server = server().await;
    let (one, two) = tokio::join!(server.post("u-1", TICKET), server.post("u-1", TICKET));
    let mut statuses = [one.status().as_u16(), two.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 201]);
    let (one, two) = (one.text().await.unwrap(), two.text().await.unwrap());
    assert_eq!(one, two);
    let placed = server.world.orders_of(&id("u-1")).await.remove(0);
    let (order, expires) = (placed.id.to_string(), placed.expires_at.to_string());
    let names = [("order", order.as_str()), ("expires", expires.as_str())];
    check(server.post("u-1", TICKET).await, include_str!("../golden/placed_before.http"), &names).await;
    assert_eq!(server.world.published("order:created").await.len(), 1);
    check(server.post("u-2", TICKET).await, include_str!("../golden/reserved.http"), &[]).await;

    server.world.store.pay(&[&payment(&placed.id)]).await.unwrap();
    let paid: Value = server.post("u-1", TICKET).await.json().await.unwrap();
    assert_eq!((paid["id"].as_str(), paid["status"].as_str()), (Some(order.as_str()), Some("complete")));
}

#[tokio::test]
async fn who_gave_an_order_up_places_a_new_one() {
    let server = server().await;
    let (first, path, _) = order(&server).await;
    assert_eq!(server.delete("u-1", &path).await.status(), 204);
    let again = server.post("u-1", TICKET).await;
    assert_eq!(again.status(), 201);
    assert_ne!(again.json::<Value>().await.unwrap()["id"], first.as_str());
}

#[tokio::test]
async fn an_order_shows_the_title_and_price_of_its_placing_whatever_the_seller_writes_later() {
    let server = server().await;
    let (order, path, expires) = order(&server).await;
    let edited = Ticket {
        id: id("t-1"),
        version: 4,
        title: "Concert, row 8".to_owned(),
        price: "200".parse().unwrap(),
    };
    server.world.store.apply_tickets([edited]).await.unwrap();
    let names = [("order", order.as_str()), ("expires", expires.as_str())];
    check(server.get("u-1", &path).await, include_str!("../golden/shown.http"), &names).await;
    check(server.get("u-1", "/api/orders").await, include_str!("../golden/listed.http"), &names).await;
    check(server.post("u-1", TICKET).await, include_str!("../golden/placed_before.http"), &names).await;
    assert_eq!(server.delete("u-1", &path).await.status(), 204);
    let next: Value = server.post("u-2", TICKET).await.json().await.unwrap();
    assert_eq!((next["ticket"]["price"].as_u64(), next["ticket"]["version"].as_u64()), (Some(200), Some(4)));
}

#[tokio::test]
async fn an_order_of_a_release_that_kept_no_price_shows_that_of_the_ticket() {
    let server = server().await;
    let (order, path, expires) = order(&server).await;
    sqlx::raw_sql("update orders set title = null, price = null, ticket_version = null")
        .execute(&server.world.pool)
        .await
        .unwrap();
    let names = [("order", order.as_str()), ("expires", expires.as_str())];
    check(server.get("u-1", &path).await, include_str!("../golden/shown.http"), &names).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_has_no_more_unpaid_orders_than_the_limit_also_when_all_requests_come_at_once() {
    const MOST: u32 = 3;
    let server = Server::with_limit(crate::world::World::new().await, NonZeroU32::new(MOST)).await;
    let mut wishes = Vec::new();
    for _ in 0..12 {
        wishes.push(format!(r#"{{"ticketId":"{}"}}"#, server.world.ticket().await));
    }
    let answers = join_all(wishes.iter().map(|wish| server.post("u-1", wish))).await;
    let placed = answers.iter().filter(|answer| answer.status() == 201).count();
    let refused = answers.iter().filter(|answer| answer.status() == 429).count();
    assert_eq!((placed, refused), (MOST as usize, wishes.len() - MOST as usize));
    assert_eq!(server.world.count("created").await, i64::from(MOST));

    // His own orders he still gets, the others' limit is not his, and a paid or cancelled order makes room.
    let won = answers.iter().position(|answer| answer.status() == 201).unwrap();
    let lost = answers.iter().position(|answer| answer.status() == 429).unwrap();
    let refusal = include_str!("../golden/too_many_unpaid.http");
    check(server.post("u-1", &wishes[lost]).await, refusal, &[]).await;
    assert_eq!(server.post("u-1", &wishes[won]).await.status(), 200);
    assert_eq!(server.post("u-2", &wishes[lost]).await.status(), 201);
    let mine = server.world.orders_of(&id("u-1")).await;
    server.world.store.pay(&[&payment(&mine[0].id)]).await.unwrap();
    assert_eq!(server.delete("u-1", &format!("/api/orders/{}", mine[1].id)).await.status(), 204);
    let free = wishes.iter().zip(&answers).filter(|(_, answer)| answer.status() == 429).map(|(wish, _)| wish);
    let mut again = Vec::new();
    for wish in free.skip(1).take(3) {
        again.push(server.post("u-1", wish).await.status().as_u16());
    }
    assert_eq!(again, [201, 201, 429]);
}

#[tokio::test]
async fn an_order_is_only_shown_to_and_cancelled_by_its_buyer() {
    let server = server().await;
    let (order, path, _) = order(&server).await;
    let refused = include_str!("../golden/not_authorized.http");
    check(server.get("u-2", &path).await, refused, &[]).await;
    check(server.delete("u-2", &path).await, refused, &[]).await;
    assert_eq!(server.world.row(&order).await.status, "created");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = server().await;
    let golden = include_str!("../golden/not_found.http");
    check(server.post("u-1", r#"{"ticketId":"t-2"}"#).await, golden, &[]).await;
    for path in ["/api/orders/nothing", "/api/orders/a%20b", "/api/orders/%ff", "/api/order", "/"] {
        check(server.get("u-1", path).await, golden, &[]).await;
    }
    check(server.delete("u-1", "/api/orders/nothing").await, golden, &[]).await;
}

#[tokio::test]
async fn a_method_that_is_not_there_is_refused() {
    let server = server().await;
    let golden = include_str!("../golden/method_not_allowed.http");
    for (method, path) in
        [(Method::PUT, "/api/orders"), (Method::DELETE, "/api/orders"), (Method::POST, "/api/orders/x")]
    {
        check(server.request("u-1", method, path).send().await.unwrap(), golden, &[]).await;
    }
}

#[tokio::test]
async fn the_trace_of_a_request_goes_with_each_event_of_its_order() {
    let server = server().await;
    let trace = Traceparent::generate().to_string();
    for (sent, kept) in [(Some(trace.as_str()), true), (Some("00-forged"), false), (None, false)] {
        let mut request = server.request("u-1", Method::POST, "/api/orders");
        if let Some(sent) = sent {
            request = request.header("traceparent", sent);
        }
        let answer = request.header("content-type", "application/json").body(TICKET).send().await.unwrap();
        let body: Value = answer.json().await.unwrap();
        server.delete("u-1", &format!("/api/orders/{}", body["id"].as_str().unwrap())).await;
        let (created, cancelled) =
            (server.world.published("order:created").await, server.world.published("order:cancelled").await);
        let stored = created.last().unwrap().traceparent.clone().unwrap();
        assert_eq!(stored == trace, kept, "{stored}");
        assert!(stored.parse::<Traceparent>().is_ok(), "{stored}");
        assert_eq!(cancelled.last().unwrap().traceparent.as_ref(), Some(&stored));
    }
}

#[tokio::test]
async fn without_postgres_every_request_is_turned_away_for_now() {
    let postgres = testkit::Postgres::start().await.unwrap();
    let server = Server::over(crate::world::World::on(&postgres).await).await;
    let order = server.world.order(QUARTER).await;
    let (user, path) = (order.user_id.as_str(), format!("/api/orders/{}", order.id));
    postgres.stop().await.unwrap();
    let golden = include_str!("../golden/unavailable.http");
    check(server.get(user, &path).await, golden, &[]).await;
    check(server.get(user, "/api/orders").await, golden, &[]).await;
    check(server.delete(user, &path).await, golden, &[]).await;
    check(server.post(user, TICKET).await, golden, &[]).await;
    postgres.restart().await.unwrap();
    assert_eq!(server.get(user, &path).await.status(), 200);
}
