//! Requests that are forged, malformed or too large.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::Method;

use testkit::session::{HEADER, cookie};

use crate::api::{KEY, Server, check, session};

async fn refused(server: &Server, cookie: &str) {
    for (method, path) in [
        (Method::GET, "/api/orders"),
        (Method::POST, "/api/orders"),
        (Method::GET, "/api/orders/x"),
        (Method::DELETE, "/api/orders/x"),
    ] {
        let request = server.anonymous(method, path).header("cookie", cookie);
        let answer = request.header("content-type", "application/json").body("{}").send().await.unwrap();
        check(answer, include_str!("../golden/not_authorized.http"), &[]).await;
    }
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_refused_on_every_route() {
    let server = Server::new().await;
    let answer = server.anonymous(Method::GET, "/api/orders").send().await.unwrap();
    check(answer, include_str!("../golden/not_authorized.http"), &[]).await;
    for cookie in ["", "session=", "session=no-base64!", "other=1", "session=bm8ganNvbg=="] {
        refused(&server, cookie).await;
    }
}

#[tokio::test]
async fn a_forged_or_expired_token_is_refused() {
    let server = Server::new().await;
    let claims = r#"{"id":"u-1","email":"a@b.c"}"#;
    let good = token(claims, KEY);
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", good.split('.').nth(1).unwrap());
    for token in [
        token(claims, "another key"),
        token(r#"{"id":"u-1","exp":1700000000}"#, KEY),
        token(r#"{"email":"a@b.c"}"#, KEY),
        token(r#"{"id":"u 1"}"#, KEY),
        token(r#"{"id":7}"#, KEY),
        unsigned,
        good[..good.len() - 3].to_owned(),
        String::new(),
    ] {
        refused(&server, &cookie(&token)).await;
    }
    refused(&server, &format!("session={}", STANDARD.encode(&good))).await;

    let signed_in = server.anonymous(Method::GET, "/api/orders").header("cookie", cookie(&good));
    assert_eq!(signed_in.send().await.unwrap().status(), 200);
    let until_later = cookie(&token(r#"{"id":"u-1","exp":99999999999}"#, KEY));
    let signed_in = server.anonymous(Method::GET, "/api/orders").header("cookie", until_later);
    assert_eq!(signed_in.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_body_without_a_ticket_id_is_refused_by_its_field() {
    let server = Server::new().await;
    let deep = format!("{{\"ticketId\":\"{}\"}}", "x".repeat(65));
    for body in [
        "{}",
        "[]",
        "null",
        "7",
        r#"{"ticketId":null}"#,
        r#"{"ticketId":7}"#,
        r#"{"ticketId":""}"#,
        r#"{"ticketId":"a b"}"#,
        &deep,
    ] {
        check(server.post("u-1", body).await, include_str!("../golden/ticket_id_missing.http"), &[]).await;
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let server = Server::new().await;
    let nested = "[".repeat(10_000);
    for body in ["", "ticketId=1", "{", r#"{"ticketId":}"#, "\u{0}", &nested] {
        check(server.post("u-1", body).await, include_str!("../golden/body_not_valid.http"), &[]).await;
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonish"] {
        let request = server.request("u-1", Method::POST, "/api/orders").header("content-type", content_type);
        let answer = request.body(r#"{"ticketId":"t-1"}"#).send().await.unwrap();
        check(answer, include_str!("../golden/body_not_json.http"), &[]).await;
    }
    let request = server.request("u-1", Method::POST, "/api/orders");
    let answer =
        request.header("content-type", "Application/JSON; charset=utf-8").body(r#"{"ticketId":"t-1"}"#);
    check(answer.send().await.unwrap(), include_str!("../golden/not_found.http"), &[]).await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_the_next_request_is_served() {
    let server = Server::new().await;
    for size in [20_000, 1_000_000] {
        let body = format!(r#"{{"ticketId":"{}"}}"#, "x".repeat(size));
        check(server.post("u-1", &body).await, include_str!("../golden/too_large.http"), &[]).await;
        let next = server.anonymous(Method::GET, "/api/orders").header("cookie", session("u-1"));
        assert_eq!(next.send().await.unwrap().status(), 200);
    }
}

fn token(claims: &str, key: &str) -> String {
    testkit::session::token(HEADER, claims, key)
}
