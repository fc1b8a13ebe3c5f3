//! What `console` is answered, and nobody else.

use common::internal::{OutboxState, SeatHistory};
use reqwest::Method;
use serde_json::Value;
use testkit::openapi::undocumented;

use crate::{
    api::Server,
    world::{World, id, order},
};

const ONE: &str = "/internal/orders/{id}";
const OUTBOX: &str = "/internal/outbox";
const RETELL: &str = "/internal/retell";
const RETELL_SINCE: &str = "/internal/retell?since=2026-01-31T12:00:00.000Z";
const SINCE: &str = r#"{"since":"2026-01-31T12:00:00.000Z"}"#;

async fn seat(server: &Server, path: &str) -> SeatHistory {
    let answer = server.console(Method::GET, &format!("/internal/orders/{path}"), "").await;
    assert_eq!(answer.status(), 200, "{path}");
    answer.json().await.unwrap()
}

#[tokio::test]
async fn a_seat_has_its_holder_and_an_order_the_instant_of_its_end() {
    let server = Server::new().await;
    let ticket = server.world.ticket().await;
    assert_eq!(seat(&server, "o-1").await, SeatHistory::default());
    server.world.store.reserve(&[order("o-1", &ticket.id)]).await.unwrap();
    let with_ticket = format!("o-1?ticket={}", ticket.id);
    assert_eq!(
        seat(&server, &with_ticket).await,
        SeatHistory { cancelled_at: None, held_by: Some(id("o-1")) }
    );
    assert_eq!(seat(&server, "o-1").await, SeatHistory::default(), "no seat was asked about");
    server.world.store.release(&[order("o-1", &ticket.id)]).await.unwrap();
    server.world.store.reserve(&[order("o-2", &ticket.id)]).await.unwrap();
    let over = seat(&server, &with_ticket).await;
    assert!(over.cancelled_at.is_some_and(|at| at <= common::clock::now().into()));
    assert_eq!(over.held_by, Some(id("o-2")));
    let outbox: OutboxState = server.console(Method::GET, OUTBOX, "").await.json().await.unwrap();
    assert_eq!((outbox.depth, outbox.set_aside), (4, 0), "it was put up for sale, held, freed and held");
}

#[tokio::test]
async fn every_documented_status_is_answered_and_no_other_is() {
    let postgres = testkit::Postgres::start().await.unwrap();
    let server = Server::over(World::on(&postgres).await).await;
    let document: Value =
        server.console(Method::GET, "/internal/openapi.json", "").await.json().await.unwrap();
    let mut answered = Vec::new();
    let mut note = |method: &str, template: &str, status: reqwest::StatusCode| {
        answered.push((method.to_owned(), template.to_owned(), status.as_u16()));
    };
    for (template, path) in [
        (ONE, "/internal/orders/o-1"),
        (ONE, "/internal/orders/o-1?ticket=a%20b"),
        (ONE, "/internal/orders/a%20b"),
        (OUTBOX, OUTBOX),
        (RETELL, RETELL_SINCE),
        (RETELL, RETELL),
    ] {
        note("GET", template, server.console(Method::GET, path, "").await.status());
        note("GET", template, server.get(path).await.status());
    }
    let long = " ".repeat(140_000);
    for body in [SINCE, "{}", &long] {
        note("POST", RETELL, server.console(Method::POST, RETELL, body).await.status());
    }
    note("POST", RETELL, server.anonymous(Method::POST, RETELL).send().await.unwrap().status());
    postgres.stop().await.unwrap();
    for (template, path) in [(ONE, "/internal/orders/o-1"), (OUTBOX, OUTBOX), (RETELL, RETELL_SINCE)] {
        note("GET", template, server.console(Method::GET, path, "").await.status());
    }
    note("POST", RETELL, server.console(Method::POST, RETELL, SINCE).await.status());
    let never = undocumented(&document, &answered);
    let never: Vec<&String> = never.iter().filter(|line| !line.contains(" 500 is documented")).collect();
    assert_eq!(never, [""; 0], "a 500 is a defect, which nothing here has");
}
