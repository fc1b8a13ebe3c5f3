//! What the provider tells: signed, late, twice, in any order, or not at all.

use std::time::Duration;

use common::clock;
use futures_util::StreamExt as _;
use payments::payment::Status;
use reqwest::{Method, Response};
use serde_json::json;
use stripe_stand_in::{WebhookMode, sign_webhook};

use crate::{
    api::{SECRET, Server, WEBHOOK, check},
    pages::pay_on,
    world::{LIMIT, id},
};

async fn post(server: &Server, body: &str, signature: &str) -> Response {
    let request = server.anonymous(Method::POST, WEBHOOK).header("stripe-signature", signature);
    request
        .header("content-type", "application/json; charset=utf-8")
        .body(body.to_owned())
        .send()
        .await
        .unwrap()
}

fn signed(body: &str) -> String {
    sign_webhook(body, clock::now().timestamp(), &[SECRET.to_owned()])
}

async fn tell(server: &Server, body: &str) -> Response {
    post(server, body, &signed(body)).await
}

fn event(event: &str, payment: &str, status: &str) -> String {
    json!({
        "id": event, "object": "event", "type": "payment_intent.amount_capturable_updated",
        "data": { "object": { "id": format!("pi_{payment}"), "object": "payment_intent", "status": status,
                              "metadata": { "payment": payment, "order": "o" } } }
    })
    .to_string()
}

#[tokio::test]
async fn only_what_one_of_the_secrets_has_signed_a_moment_ago_is_taken_in() {
    let server = Server::new().await;
    let payment = server.world.begun(Some("tok_visa")).await;
    let body = event("evt_1", payment.id.as_str(), "requires_capture");
    let now = clock::now().timestamp();
    let refused = include_str!("../golden/signature_not_valid.http");
    let sign = |time: i64, secrets: &[&str]| {
        sign_webhook(&body, time, &secrets.iter().map(|secret| (*secret).to_owned()).collect::<Vec<_>>())
    };
    for signature in [
        String::new(),
        format!("t={now},v1={}", "0".repeat(64)),
        sign(now - 301, &[SECRET]),
        sign(now + 310, &[SECRET]),
        sign(now, &["whsec_other"]),
        sign_webhook(&format!("{body} "), now, &[SECRET.to_owned()]),
    ] {
        check(post(&server, &body, &signature).await, refused, &[]).await;
    }
    let nothing = server.anonymous(Method::POST, WEBHOOK).body(body.clone()).send().await.unwrap();
    check(nothing, refused, &[]).await;
    assert_eq!(server.world.find(&payment.id).await.status, Status::Pending);
    // While the provider's secret rolls it signs with both.
    let both = sign(now, &["whsec_other", SECRET]);
    check(post(&server, &body, &both).await, include_str!("../golden/taken_in.http"), &[]).await;
    assert_eq!(server.world.find(&payment.id).await.status, Status::Authorised);
}

#[tokio::test]
async fn an_event_has_its_effect_once_however_often_and_in_whatever_order_it_comes() {
    let server = Server::new().await;
    let payment = server.world.begun(Some("tok_visa")).await;
    for (name, status) in
        [("evt_3", "succeeded"), ("evt_2", "requires_capture"), ("evt_1", "requires_payment_method")]
    {
        for _ in 0..2 {
            let body = event(name, payment.id.as_str(), status);
            check(tell(&server, &body).await, include_str!("../golden/taken_in.http"), &[]).await;
        }
    }
    assert_eq!(server.world.find(&payment.id).await.status, Status::Authorised);
    assert_eq!(server.world.told().await.len(), 1);
    // Another intent can't speak for this payment.
    let body = event("evt_4", payment.id.as_str(), "canceled").replace("pi_", "pi_other");
    assert_eq!(tell(&server, &body).await.status(), 200);
    assert!(server.world.find(&payment.id).await.due_at.unwrap() > clock::now());
}

#[tokio::test]
async fn what_is_about_nothing_of_ours_is_answered_and_left_alone() {
    let server = Server::new().await;
    for body in [
        event("evt_1", "nobody", "requires_capture"),
        r#"{"id":"evt_2","type":"customer.created","data":{"object":{"id":"cus_1","object":"customer"}}}"#
            .to_owned(),
        r#"{"id":"evt_3","type":"something.new","data":{"object":{}}}"#.to_owned(),
    ] {
        check(tell(&server, &body).await, include_str!("../golden/taken_in.http"), &[]).await;
    }
    for body in
        ["", "{}", "[]", r#"{"id":"","type":"a","data":{"object":{}}}"#, r#"{"id":7,"type":"a","data":{}}"#]
    {
        check(tell(&server, body).await, include_str!("../golden/no_event.http"), &[]).await;
    }
    let long = format!("{}{}", event("evt_5", "nobody", "succeeded"), " ".repeat(100_000));
    assert_eq!(tell(&server, &long).await.status(), 200, "events are longer than what people send");
    assert_eq!(tell(&server, &" ".repeat(300_000)).await.status(), 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_tells_of_a_page_at_once_late_twice_backwards_or_by_chance() {
    for mode in [
        WebhookMode::Deliver,
        WebhookMode::Double,
        WebhookMode::Delay(Duration::from_millis(100)),
        WebhookMode::Reverse(3),
        WebhookMode::Lossy { drop: 0.0, double: 0.5, delay: Duration::from_millis(50) },
    ] {
        let server = Server::new().await;
        let url = server.anonymous(Method::POST, WEBHOOK).build().unwrap().url().to_string();
        server.world.stripe.set_webhook(url, SECRET);
        server.world.stripe.set_webhook_mode(mode);
        let order = server.world.order().await;
        let (payment, page) = server.paid(order.as_str(), None).await;
        assert_eq!(pay_on(&page.unwrap(), "4242424242424242").await.status(), 303);
        server.world.stripe.release_webhooks();
        testkit::eventually("the webhook has its effect", LIMIT, async || {
            let payment = server.world.find(&id(&payment)).await;
            if payment.status == Status::Authorised { Ok(()) } else { Err(format!("{mode:?}: {payment:?}")) }
        })
        .await;
        testkit::eventually("all are taken", LIMIT, async || {
            server.world.stripe.release_webhooks();
            let pending = server.world.stripe.pending_webhooks();
            if pending == 0 { Ok(()) } else { Err(format!("{mode:?}: {pending} on their way")) }
        })
        .await;
        assert_eq!(server.world.told().await.len(), 1, "{mode:?}");
        let payment = server.world.find(&id(&payment)).await;
        server.world.complete(&payment).await;
        server.world.settled(&payment, Status::Captured).await;
        assert_eq!(server.world.outcomes(&payment).await.len(), 1, "{mode:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_webhooks_at_once_each_has_its_effect() {
    const COUNT: usize = 1_000;
    let server = Server::new().await;
    sqlx::raw_sql(
        "insert into orders (id, version, status, user_id, price, expires_at)
         select 'o-' || n, 0, 'created', 'buyer', 20, now() + interval '15 minutes' from generate_series(1, 1000) n;
         insert into payments (id, order_id, user_id, kind, amount, currency, status, due_at)
         select 'p-' || n, 'o-' || n, 'buyer', 'page', 2000, 'usd', 'open', now() + interval '2 minutes'
         from generate_series(1, 1000) n",
    )
    .execute(&server.world.pool)
    .await
    .unwrap();
    let answers = (1..=COUNT).map(async |n| {
        tell(&server, &event(&format!("evt_{n}"), &format!("p-{n}"), "requires_capture"))
            .await
            .status()
            .as_u16()
    });
    let answers: Vec<u16> = futures_util::stream::iter(answers).buffer_unordered(32).collect().await;
    assert!(answers.iter().all(|status| *status == 200));
    assert_eq!(server.world.told().await.len(), COUNT);
}
