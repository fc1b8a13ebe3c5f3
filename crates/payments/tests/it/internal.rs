//! What `console` is answered, and nobody else.

use common::{
    event::Timestamp,
    internal::{OrderMoney, OutboxState},
};
use payments::store::ExtendedOrder;
use reqwest::Method;
use serde_json::Value;
use testkit::openapi::undocumented;

use crate::{
    api::Server,
    world::{World, order},
};

const ONE: &str = "/internal/orders/{id}";
const OUTBOX: &str = "/internal/outbox";
const RETELL: &str = "/internal/retell";
const RETELL_SINCE: &str = "/internal/retell?since=2026-01-31T12:00:00.000Z";
const SINCE: &str = r#"{"since":"2026-01-31T12:00:00.000Z"}"#;

async fn money(server: &Server, order: &str) -> OrderMoney {
    let answer = server.console(Method::GET, &format!("/internal/orders/{order}"), "").await;
    assert_eq!(answer.status(), 200, "{order}");
    answer.json().await.unwrap()
}

#[tokio::test]
async fn an_order_has_its_time_and_its_payments_and_no_cards_number_or_token() {
    let server = Server::new().await;
    assert_eq!(money(&server, "nobody").await, OrderMoney::default());
    let created = order("20", 60_000);
    server.world.store.add_orders(std::slice::from_ref(&created)).await.unwrap();
    let known = money(&server, created.id.as_str()).await;
    assert_eq!((known.expires_at, known.payments.len()), (Some(created.expires_at), 0));
    let later = Timestamp::from_millis(created.expires_at.as_millis() + 600_000);
    let extended = ExtendedOrder { id: created.id, expires_at: later };
    server.world.store.extend_orders(std::slice::from_ref(&extended)).await.unwrap();
    assert_eq!(money(&server, extended.id.as_str()).await.expires_at, Some(later));

    let payment = server.world.authorised().await;
    let path = format!("/internal/orders/{}", payment.order_id);
    let text = server.console(Method::GET, &path, "").await.text().await.unwrap();
    assert!(!text.contains("tok_"), "{text}");
    let shown: OrderMoney = serde_json::from_str(&text).unwrap();
    let [shown] = &shown.payments[..] else { panic!("{shown:?}") };
    assert_eq!((&shown.id, shown.kind.as_str(), shown.status.as_str()), (&payment.id, "token", "authorised"));
    assert_eq!(
        (shown.amount.to_string().as_str(), shown.currency.as_str(), &shown.decision),
        ("20", "usd", &None)
    );
    assert_eq!(shown.stripe_id, payment.intent);
    assert_eq!(shown.trace_id, payment.trace_id());
    assert!(shown.created_at <= shown.updated_at);
    let outbox: OutboxState = server.console(Method::GET, OUTBOX, "").await.json().await.unwrap();
    assert_eq!((outbox.depth, outbox.set_aside), (1, 0), "payment:created");
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
        (ONE, "/internal/orders/a%20b"),
        (OUTBOX, OUTBOX),
        (RETELL, RETELL_SINCE),
        (RETELL, RETELL),
    ] {
        note("GET", template, server.console(Method::GET, path, "").await.status());
        note("GET", template, server.anonymous(Method::GET, path).send().await.unwrap().status());
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
