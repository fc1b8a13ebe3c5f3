//! What a client is told when a service is gone, and that nothing is ever sent twice.

use serde_json::Value;

use crate::{
    Answer,
    backend::{Backend, Breaker},
    gateway, post,
};

/// The message of an error in the services' shape.
fn message(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    body["errors"][0]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_that_may_have_been_executed_is_not_sent_to_another_replica() {
    let (one, two) = (Breaker::start().await, Breaker::start().await);
    let gateway = gateway(&[one.address, two.address]).await;
    for sent in 1..=6 {
        let answer = post(&gateway, "/api/orders", "{}").await;
        assert_eq!(answer.status, 502, "{answer:?}");
        assert!(message(&answer).contains("may have been executed"), "{answer:?}");
        assert_eq!(one.taken() + two.taken(), sent);
    }
}

#[tokio::test]
async fn a_body_reaches_the_next_replica_whole_when_the_first_refuses_the_connection() {
    let (dead, echo) = (Backend::named("dead").await, Backend::start(crate::passing::echo()).await);
    let gateway = gateway(&[dead.address, echo.address]).await;
    dead.kill().await;
    let body = "0123456789".repeat(20_000);
    for _ in 0..2 {
        let answer = post(&gateway, "/api/orders", &body).await;
        assert_eq!((answer.status, answer.body.len()), (200, body.len()));
    }
}

#[tokio::test]
async fn a_service_without_a_replica_is_unavailable_until_one_comes_back() {
    let dead = Backend::named("dead").await;
    let address = dead.address;
    let gateway = gateway(&[address]).await;
    dead.kill().await;
    let answer = post(&gateway, "/api/orders", "{}").await;
    assert_eq!(answer.status, 503);
    assert!(message(&answer).contains("orders takes a connection"), "{answer:?}");
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, crate::passing::echo()).await.unwrap() });
    assert_eq!(post(&gateway, "/api/orders", "back").await.body, "back");
}
