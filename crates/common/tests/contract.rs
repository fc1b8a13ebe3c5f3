//! The wire contract, held against golden files: these are the bytes that services in other languages send and read.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::fmt::Debug;

use common::event::{
    CancelledTicket, CompletedTicket, Event, ExpirationComplete, Id, OrderCancelled, OrderCompleted,
    OrderCreated, OrderExtended, OrderStatus, OrderedTicket, PaymentCreated, PaymentRejected, PaymentSettled,
    SettledOutcome, TicketCreated, TicketUpdated,
};
use serde_json::Value;

fn id(text: &str) -> Id {
    text.parse().unwrap()
}

fn ticket() -> Id {
    id("65b0a3f0c1d2e3f405162738")
}

fn order() -> Id {
    id("65c0a3f0c1d2e3f405162739")
}

fn user() -> Id {
    id("65a0000000000000000000aa")
}

fn ticket_created() -> TicketCreated {
    TicketCreated {
        id: ticket(),
        version: 0,
        title: "Concert, row 7 “balcony”".to_owned(),
        price: "19.99".parse().unwrap(),
        user_id: user(),
    }
}

fn ticket_updated(version: u32, order_id: Option<Id>) -> TicketUpdated {
    TicketUpdated {
        id: ticket(),
        version,
        title: "Concert".to_owned(),
        price: "20".parse().unwrap(),
        user_id: user(),
        order_id,
    }
}

fn order_created() -> OrderCreated {
    OrderCreated {
        id: order(),
        version: 0,
        status: OrderStatus::Created,
        user_id: user(),
        expires_at: "2026-01-31T12:00:00.000Z".parse().unwrap(),
        ticket: OrderedTicket { id: ticket(), price: "19.99".parse().unwrap() },
    }
}

fn order_cancelled() -> OrderCancelled {
    OrderCancelled { id: order(), version: 1, ticket: CancelledTicket { id: ticket() } }
}

fn payment_created() -> PaymentCreated {
    PaymentCreated {
        id: id("65d0a3f0c1d2e3f40516273a"),
        order_id: order(),
        stripe_id: "ch_3OabcDEF".to_owned(),
    }
}

fn payment() -> Id {
    id("65d0a3f0c1d2e3f40516273a")
}

fn order_completed() -> OrderCompleted {
    OrderCompleted {
        id: order(),
        version: 1,
        payment_id: payment(),
        ticket: CompletedTicket { id: ticket() },
    }
}

fn payment_rejected() -> PaymentRejected {
    PaymentRejected {
        id: payment(),
        order_id: order(),
        stripe_id: "pi_3OabcDEF".to_owned(),
        reason: "the order was cancelled before this payment came".to_owned(),
    }
}

fn payment_settled(outcome: SettledOutcome) -> PaymentSettled {
    PaymentSettled { id: payment(), order_id: order(), stripe_id: "pi_3OabcDEF".to_owned(), outcome }
}

/// Holds one event against its golden file: both directions, then with fields added and taken away.
fn check<E: Event + Debug + PartialEq>(golden: &str, event: &E, required: &[&str]) {
    let golden = golden.trim_end_matches('\n');
    assert_eq!(serde_json::to_string(event).unwrap(), golden, "written");
    assert_eq!(&serde_json::from_str::<E>(golden).unwrap(), event, "read");

    let body: Value = serde_json::from_str(golden).unwrap();
    assert_eq!(&serde_json::from_value::<E>(with_extra_fields(&body)).unwrap(), event, "unknown fields");
    for path in required {
        let text = without(&body, path).to_string();
        let error = serde_json::from_str::<E>(&text).unwrap_err().to_string();
        let field = path.rsplit('/').next().unwrap();
        assert!(error.contains(&format!("missing field `{field}`")), "without {path}: {error}");
    }
}

fn with_extra_fields(body: &Value) -> Value {
    let mut body = body.clone();
    let fields = body.as_object_mut().unwrap();
    for field in fields.values_mut().filter(|field| field.is_object()) {
        *field = with_extra_fields(field);
    }
    fields.insert("__v".to_owned(), 7.into());
    fields.insert("added".to_owned(), serde_json::json!({ "later": [null, 1.5e300, "x"] }));
    body
}

fn without(body: &Value, path: &str) -> Value {
    let mut body = body.clone();
    let (parent, field) = path.rsplit_once('/').unwrap();
    let removed = body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(field);
    assert!(removed.is_some(), "the golden file has no {path}");
    body
}

#[test]
fn ticket_created_is_what_its_golden_file_says() {
    let required = ["/id", "/version", "/title", "/price", "/userId"];
    check(include_str!("golden/ticket_created.json"), &ticket_created(), &required);
}

#[test]
fn ticket_updated_is_what_its_golden_files_say_with_and_without_an_order() {
    let required = ["/id", "/version", "/title", "/price", "/userId"];
    let reserved = ticket_updated(2, Some(order()));
    check(include_str!("golden/ticket_updated_reserved.json"), &reserved, &required);
    check(include_str!("golden/ticket_updated_free.json"), &ticket_updated(3, None), &required);
}

#[test]
fn an_order_id_of_null_is_read_as_absent() {
    let body = include_str!("golden/ticket_updated_free.json").trim_end().replace('}', r#","orderId":null}"#);
    assert_eq!(serde_json::from_str::<TicketUpdated>(&body).unwrap(), ticket_updated(3, None));
}

#[test]
fn order_created_is_what_its_golden_file_says() {
    let required =
        ["/id", "/version", "/status", "/userId", "/expiresAt", "/ticket", "/ticket/id", "/ticket/price"];
    check(include_str!("golden/order_created.json"), &order_created(), &required);
}

#[test]
fn order_cancelled_is_what_its_golden_file_says() {
    let required = ["/id", "/version", "/ticket", "/ticket/id"];
    check(include_str!("golden/order_cancelled.json"), &order_cancelled(), &required);
}

#[test]
fn order_extended_is_what_its_golden_file_says() {
    let event = OrderExtended { id: order(), expires_at: "2026-01-31T12:10:00.000Z".parse().unwrap() };
    check(include_str!("golden/order_extended.json"), &event, &["/id", "/expiresAt"]);
}

#[test]
fn expiration_complete_is_what_its_golden_file_says() {
    let event = ExpirationComplete { order_id: order() };
    check(include_str!("golden/expiration_complete.json"), &event, &["/orderId"]);
}

#[test]
fn order_completed_is_what_its_golden_file_says() {
    let required = ["/id", "/version", "/paymentId", "/ticket", "/ticket/id"];
    check(include_str!("golden/order_completed.json"), &order_completed(), &required);
}

#[test]
fn payment_rejected_is_what_its_golden_file_says() {
    let required = ["/id", "/orderId", "/stripeId", "/reason"];
    check(include_str!("golden/payment_rejected.json"), &payment_rejected(), &required);
}

#[test]
fn payment_settled_is_what_its_golden_file_says_for_each_outcome() {
    let golden = include_str!("golden/payment_settled.json");
    let required = ["/id", "/orderId", "/stripeId", "/outcome"];
    for outcome in SettledOutcome::ALL {
        let golden = golden.replace("captured", outcome.as_str());
        check(&golden, &payment_settled(outcome), &required);
    }
    assert!(serde_json::from_str::<PaymentSettled>(&golden.replace("captured", "lost")).is_err());
}

#[test]
fn payment_created_is_what_its_golden_file_says() {
    let required = ["/id", "/orderId", "/stripeId"];
    check(include_str!("golden/payment_created.json"), &payment_created(), &required);
}

#[test]
fn a_field_of_the_wrong_type_is_refused() {
    let golden = include_str!("golden/order_created.json");
    for (right, wrong) in [
        (r#""version":0"#, r#""version":"0""#),
        (r#""version":0"#, r#""version":-1"#),
        (r#""version":0"#, r#""version":0.5"#),
        (r#""status":"created""#, r#""status":"paid""#),
        (r#""id":"65c0a3f0c1d2e3f405162739""#, r#""id":7"#),
        (r#""id":"65c0a3f0c1d2e3f405162739""#, r#""id":"a b""#),
        (r#""2026-01-31T12:00:00.000Z""#, r#""soon""#),
        (r#""2026-01-31T12:00:00.000Z""#, "1769860800000"),
        (r#""price":19.99"#, r#""price":"19.99""#),
    ] {
        let body = golden.replace(right, wrong);
        assert_ne!(body, golden, "the golden file has no {right}");
        assert!(serde_json::from_str::<OrderCreated>(&body).is_err(), "{wrong} was read");
    }
}
