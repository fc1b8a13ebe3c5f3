//! What `console` is answered, and nobody else.

use common::{
    event::{Id, SettledOutcome, Timestamp},
    internal::{
        CancelAnswer, ExtendAnswer, OrderHistory, OrderIds, OutboxState, OwedPayment, OwedPayments,
        SweeperHold,
    },
};
use orders::store::Placed;
use reqwest::{Method, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    api::Server,
    world::{QUARTER, payment, wish},
};

/// Every path, with a method that it has.
fn paths(order: &str) -> Vec<(Method, String)> {
    let get = |path: &str| (Method::GET, format!("/internal/{path}"));
    let post = |path: &str| (Method::POST, format!("/internal/{path}"));
    vec![
        get(&format!("orders/{order}")),
        post(&format!("orders/{order}/extend")),
        post(&format!("orders/{order}/cancel")),
        post("orders/known"),
        get("payments/owed"),
        post(&format!("payments/{order}/settle")),
        get("sweeper"),
        (Method::PUT, "/internal/sweeper".to_owned()),
        get("outbox"),
        get("retell?since=2026-01-31T12:00:00.000Z"),
        post("retell"),
        get("openapi.json"),
    ]
}

async fn read<T: DeserializeOwned>(answer: Response) -> T {
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// The status, and the field that is complained of.
async fn refused(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    assert!(body["errors"][0]["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
    (status, body["errors"][0]["field"].as_str().unwrap_or_default().to_owned())
}

async fn get<T: DeserializeOwned>(server: &Server, path: &str) -> T {
    read(server.console(Method::GET, path, "").await).await
}

#[tokio::test]
async fn without_the_token_nothing_is_answered_and_without_a_token_nothing_is_there() {
    let (server, closed) = (Server::new().await, Server::without_console().await);
    let order = server.world.order(QUARTER).await;
    for (method, path) in paths(order.id.as_str()) {
        for authorization in
            ["", "Bearer ", "Bearer a token of more than thirty-two characterz", "Basic eDp5"]
        {
            let request = server.anonymous(method.clone(), &path).header("authorization", authorization);
            assert_eq!(
                refused(request.send().await.unwrap()).await.0,
                401,
                "{method} {path} {authorization:?}"
            );
        }
        let request = server.request(order.user_id.as_str(), method.clone(), &path);
        assert_eq!(refused(request.send().await.unwrap()).await.0, 401, "{method} {path}");
        let answer = closed.console(method.clone(), &path, "{}").await;
        assert_eq!(refused(answer).await.0, 404, "{method} {path}");
    }
    assert_eq!(server.world.row(&order.id).await.status, "created");
    let public: Value = server.get("u-1", "/api/orders/openapi.json").await.json().await.unwrap();
    assert!(!public.to_string().contains("/internal"), "{public}");
}

#[tokio::test]
async fn an_order_has_its_whole_history() {
    let server = Server::new().await;
    let world = &server.world;
    let wish = wish(&world.ticket().await);
    let Placed::Order(order) = world.store.place(&wish).await.unwrap() else { panic!("not placed") };
    let path = format!("/internal/orders/{}", order.id);
    let placed: OrderHistory = get(&server, &path).await;
    assert_eq!((&placed.id, &placed.user_id, placed.version), (&order.id, &wish.user_id, 0));
    assert_eq!((placed.title.as_str(), placed.price), ("Concert", "19.99".parse().unwrap()));
    assert_eq!(placed.requested_at, Some(wish.requested_at.into()));
    assert!(placed.created_at <= placed.now && placed.now < placed.expires_at);
    assert_eq!(placed.trace_id, Some(wish.traceparent.trace_id()));
    assert_eq!((placed.completed_at, placed.cancelled_at, placed.fired), (None, None, None));

    let (first, second) = (payment(&order.id), payment(&order.id));
    world.store.pay(&[&first, &second]).await.unwrap();
    let paid: OrderHistory = get(&server, &path).await;
    assert_eq!((paid.status.as_str(), paid.payment_id), ("complete", Some(first.id)));
    assert!(paid.completed_at.is_some_and(|at| at >= paid.created_at && at <= paid.now));
    assert_eq!(paid.rejected.len(), 1);
    assert_eq!(paid.rejected[0].payment_id, second.id);

    let cancelled = world.order(QUARTER).await;
    world.store.cancel_for_operator(&cancelled.id).await.unwrap();
    let cancelled: OrderHistory = get(&server, &format!("/internal/orders/{}", cancelled.id)).await;
    assert_eq!(cancelled.cancel_reason.as_deref(), Some("operator"));
    assert!(cancelled.cancelled_at.is_some());
    assert_eq!(refused(server.console(Method::GET, "/internal/orders/nobody", "").await).await.0, 404);
}

#[tokio::test]
async fn a_buyers_order_is_as_old_as_its_request() {
    let server = Server::new().await;
    let ticket = server.world.ticket().await;
    let before = common::clock::now();
    let placed: Value =
        server.post("u-1", &json!({ "ticketId": ticket }).to_string()).await.json().await.unwrap();
    let path = format!("/internal/orders/{}", placed["id"].as_str().unwrap());
    let history: OrderHistory = get(&server, &path).await;
    let requested_at = history.requested_at.expect("it is noted");
    assert!(requested_at >= Timestamp::from_millis(before.timestamp_millis()));
    assert!(requested_at <= common::clock::now().into());
}

#[tokio::test]
async fn an_order_is_extended_or_the_refusal_names_the_field() {
    let server = Server::new().await;
    let order = server.world.order(QUARTER).await;
    let path = format!("/internal/orders/{}/extend", order.id);
    let extend = async |body: Value| server.console(Method::POST, &path, &body.to_string()).await;
    let answer: ExtendAnswer = read(extend(json!({ "byMs": 600_000 })).await).await;
    let to = Timestamp::from_millis(order.expires_at.as_millis() + 600_000);
    assert_eq!(answer, ExtendAnswer { id: order.id.clone(), from: order.expires_at, to });
    let answer: ExtendAnswer = read(extend(json!({ "to": to })).await).await;
    assert_eq!((answer.from, answer.to), (to, to));
    for (body, field) in [
        (json!({ "to": order.expires_at }), "to"),
        (json!({ "to": "2001-01-01T00:00:00.000Z" }), "to"),
        (json!({ "to": "9999-01-01T00:00:00.000Z" }), "to"),
        (json!({ "to": "soon" }), "to"),
        (json!({ "to": 5 }), "to"),
        (json!({ "byMs": u64::MAX }), "byMs"),
        (json!({ "byMs": 3_600_000 }), "byMs"),
        (json!({ "byMs": 0 }), "byMs"),
        (json!({ "byMs": -1 }), "byMs"),
        (json!({ "byMs": 1.5 }), "byMs"),
        (json!({ "byMs": 5, "to": to }), "byMs"),
        (json!({}), "to"),
        (json!({ "to": null }), "to"),
        (json!([]), "to"),
    ] {
        assert_eq!(refused(extend(body.clone()).await).await, (400, field.to_owned()), "{body}");
    }
    assert_eq!(server.world.row(&order.id).await.expires_at, to.into());
    let nobody = server.console(Method::POST, "/internal/orders/nobody/extend", r#"{"byMs":5}"#).await;
    assert_eq!(refused(nobody).await.0, 404);
    server.world.store.pay(&[&payment(&order.id)]).await.unwrap();
    assert_eq!(refused(extend(json!({ "byMs": 5 })).await).await.0, 409);
}

#[tokio::test]
async fn an_order_is_cancelled_at_once_and_a_paid_one_is_not() {
    let server = Server::new().await;
    let (order, paid) = (server.world.order(QUARTER).await, server.world.order(QUARTER).await);
    server.world.store.pay(&[&payment(&paid.id)]).await.unwrap();
    let cancel = async |order: &Id| {
        server.console(Method::POST, &format!("/internal/orders/{order}/cancel"), "{}").await
    };
    for already in [false, true] {
        let answer: CancelAnswer = read(cancel(&order.id).await).await;
        assert_eq!(answer, CancelAnswer { id: order.id.clone(), already });
    }
    assert_eq!(refused(cancel(&paid.id).await).await.0, 409);
    assert_eq!(refused(cancel(&"nobody".parse().unwrap()).await).await.0, 404);
    let row = server.world.row(&order.id).await;
    assert_eq!(
        (row.status.as_str(), row.cancel_reason.as_deref(), row.version),
        ("cancelled", Some("operator"), 1)
    );
    assert_eq!(server.world.published("order:cancelled").await.len(), 1);
    let outbox: OutboxState = get(&server, "/internal/outbox").await;
    assert_eq!((outbox.depth, outbox.set_aside), (4, 0), "two were placed, one cancelled and one completed");
}

#[tokio::test]
async fn it_is_known_which_orders_are_ours() {
    let server = Server::new().await;
    let order = server.world.order(QUARTER).await;
    let known = async |ids: Value| {
        server.console(Method::POST, "/internal/orders/known", &json!({ "ids": ids }).to_string()).await
    };
    let answer: OrderIds = read(known(json!(["a", order.id, "b", order.id])).await).await;
    assert_eq!(answer.ids, [order.id]);
    let many: Vec<String> = (0..1_000).map(|n| format!("{n:064}")).collect();
    assert_eq!(read::<OrderIds>(known(json!(many)).await).await, OrderIds::default());
    let too_many: Vec<usize> = (0..1_001).collect();
    let too_many: Vec<String> = too_many.iter().map(ToString::to_string).collect();
    for bad in [json!(too_many), json!(["a b"]), json!("a"), json!(null)] {
        assert_eq!(refused(known(bad).await).await, (400, "ids".to_owned()));
    }
    assert_eq!(refused(known(json!(["x".repeat(140_000)])).await).await.0, 413);
}

#[tokio::test]
async fn money_that_is_owed_is_listed_in_pages_until_somebody_has_seen_to_it() {
    let server = Server::new().await;
    let order = server.world.order(QUARTER).await;
    server.world.store.cancel(&order.id, &order.user_id).await.unwrap();
    let payments: Vec<_> = (0..5).map(|_| payment(&order.id)).collect();
    for payment in &payments {
        server.world.store.pay(&[payment]).await.unwrap();
    }
    let all: OwedPayments = get(&server, "/internal/payments/owed").await;
    let ids: Vec<&Id> = all.owed.iter().map(|owed| &owed.payment.payment_id).collect();
    assert_eq!((all.total, ids), (5, payments.iter().map(|payment| &payment.id).collect::<Vec<_>>()));
    assert_eq!(all.owed[0].order_id, order.id);
    let path = format!("/internal/payments/owed?limit=2&after={}", payments[1].id);
    let page: OwedPayments = get(&server, &path).await;
    assert_eq!((page.total, &page.owed[..]), (5, &all.owed[2..4]));
    let unknown = server.console(Method::GET, "/internal/payments/owed?after=nothing", "").await;
    assert_eq!(refused(unknown).await, (400, "after".to_owned()));

    let settle = async |payment: &Id, note: &str| {
        let path = format!("/internal/payments/{payment}/settle");
        server.console(Method::POST, &path, &json!({ "note": note }).to_string()).await
    };
    let first = &payments[0].id;
    for bad in ["", "  ", &"x".repeat(1_001), "a\0b"] {
        assert_eq!(refused(settle(first, bad).await).await, (400, "note".to_owned()), "{bad:?}");
    }
    for _ in 0..2 {
        let settled: OwedPayment = read(settle(first, "Refunded by hand, ticket 7").await).await;
        assert_eq!(settled.payment.note.as_deref(), Some("Refunded by hand, ticket 7"));
        assert!(settled.payment.settled_at.is_some());
    }
    assert_eq!(refused(settle(first, "Again").await).await.0, 409);
    assert_eq!(refused(settle(&"nothing".parse().unwrap(), "Who?").await).await.0, 404);
    let released = common::event::PaymentSettled {
        id: payments[1].id.clone(),
        order_id: order.id.clone(),
        stripe_id: "ch_1".to_owned(),
        outcome: SettledOutcome::Released,
    };
    server.world.store.settle(&[&released]).await.unwrap();
    assert_eq!(refused(settle(&payments[1].id, "Late").await).await.0, 409);
    let left: OwedPayments = get(&server, "/internal/payments/owed").await;
    assert_eq!((left.total, &left.owed[..]), (3, &all.owed[2..]));
}

#[tokio::test]
async fn the_sweeper_is_held_and_released() {
    let server = Server::new().await;
    let set = async |body: Value| server.console(Method::PUT, "/internal/sweeper", &body.to_string()).await;
    assert_eq!(get::<SweeperHold>(&server, "/internal/sweeper").await.held_until, None);
    let until: Timestamp = (common::clock::now() + chrono::TimeDelta::hours(1)).into();
    let held: SweeperHold = read(set(json!({ "heldUntil": until })).await).await;
    assert_eq!(held.held_until, Some(until));
    assert_eq!(get::<SweeperHold>(&server, "/internal/sweeper").await, held);
    for bad in [json!("9999-01-01T00:00:00.000Z"), json!("soon"), json!(7)] {
        assert_eq!(refused(set(json!({ "heldUntil": bad })).await).await, (400, "heldUntil".to_owned()));
    }
    for released in
        [json!({}), json!({ "heldUntil": null }), json!({ "heldUntil": "2001-01-01T00:00:00.000Z" })]
    {
        set(json!({ "heldUntil": until })).await;
        assert_eq!(read::<SweeperHold>(set(released).await).await.held_until, None);
        assert_eq!(get::<SweeperHold>(&server, "/internal/sweeper").await.held_until, None);
    }
}
