//! Every answer of the API, byte for byte.

use common::{event::Id, traceparent::Traceparent};
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
