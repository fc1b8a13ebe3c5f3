//! Requests that make no sense, and requests that are meant to do harm.

use reqwest::Method;
use serde_json::json;

use crate::{
    api::{PATH, Server, check, payment, send},
    world::BUYER,
};

#[tokio::test]
async fn an_order_that_is_missing_or_no_id_is_refused_by_its_field() {
    let server = Server::new().await;
    let golden = include_str!("../golden/order_missing.http");
    for body in [
        "{}",
        "[]",
        "null",
        r#"{"orderId":7}"#,
        r#"{"orderId":""}"#,
        r#"{"orderId":"a b"}"#,
        r#"{"orderId":null}"#,
    ] {
        check(server.post(BUYER, body).await, golden, &[]).await;
    }
    for query in ["", "?orderId=", "?orderId=a%20b", "?order=1", "?orderId=%00"] {
        check(server.get(BUYER, &format!("{PATH}{query}")).await, golden, &[]).await;
    }
    assert_eq!(server.get(BUYER, &format!("{PATH}?orderId=%ff")).await.status(), 400);
}

#[tokio::test]
async fn a_token_that_is_none_is_refused_by_its_field_and_null_is_no_token() {
    let server = Server::new().await;
    let order = server.world.order().await;
    let golden = include_str!("../golden/token_not_valid.http");
    let long = "x".repeat(256);
    for token in [
        json!(""),
        json!(7),
        json!({}),
        json!("tok visa"),
        json!("4242 4242 4242 4242"),
        json!("tok_visa\u{0}"),
        json!(long),
    ] {
        let body = json!({ "orderId": order, "token": token }).to_string();
        check(server.post(BUYER, &body).await, golden, &[]).await;
    }
    let unknown = server.pay(order.as_str(), Some("tok_nobody_knows")).await;
    check(unknown, include_str!("../golden/token_not_taken.http"), &[]).await;
    let body = json!({ "orderId": order, "token": null }).to_string();
    assert_eq!(server.post(BUYER, &body).await.status(), 201);
    assert!(server.payments(order.as_str()).await[1]["url"].is_string());
}

#[tokio::test]
async fn a_body_that_is_no_json_too_large_or_from_another_site_is_refused() {
    let server = Server::new().await;
    let order = server.world.order().await;
    let golden = include_str!("../golden/body_not_valid.http");
    for body in ["", "{", "orderId=a", "\u{0}", &"[".repeat(10_000)] {
        check(server.post(BUYER, body).await, golden, &[]).await;
    }
    let body = payment(order.as_str(), Some("tok_visa"));
    let form = server.request(BUYER, Method::POST, PATH).body(body.clone());
    check(form.send().await.unwrap(), include_str!("../golden/body_not_json.http"), &[]).await;
    let large = json!({ "orderId": order, "more": "x".repeat(20_000) }).to_string();
    check(server.post(BUYER, &large).await, include_str!("../golden/too_large.http"), &[]).await;
    let cross = server.request(BUYER, Method::POST, PATH).header("sec-fetch-site", "cross-site");
    check(send(cross, &body).await, include_str!("../golden/cross_site.http"), &[]).await;
    assert_eq!(server.world.stripe.ledger().len(), 0);
}
