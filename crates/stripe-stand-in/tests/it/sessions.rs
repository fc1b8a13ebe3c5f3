//! Checkout Sessions over the API.

use serde_json::json;

use crate::shop::{Answer, Params, Shop, id};

pub(crate) const SESSIONS: &str = "/v1/checkout/sessions";

/// A session that sells two tickets for 20 dollars in all.
pub(crate) const PARAMS: [(&str, &str); 11] = [
    ("mode", "payment"),
    ("line_items[0][price_data][currency]", "usd"),
    ("line_items[0][price_data][unit_amount]", "1000"),
    ("line_items[0][price_data][product_data][name]", "Ticket <Hamlet>"),
    ("line_items[0][quantity]", "2"),
    ("payment_intent_data[capture_method]", "manual"),
    ("payment_intent_data[metadata][order]", "o1"),
    ("metadata[order]", "o1"),
    ("client_reference_id", "o1"),
    ("success_url", "http://shop.example/orders/o1?payment=done&session={CHECKOUT_SESSION_ID}"),
    ("cancel_url", "http://shop.example/orders/o1?payment=back"),
];

impl Shop {
    pub(crate) async fn session(&self, more: Params<'_>) -> Answer {
        self.post(SESSIONS, &[&PARAMS[..], more].concat()).await
    }
}

#[tokio::test]
async fn a_new_session_is_open_and_has_a_page_but_no_intent() {
    let shop = Shop::open().await;
    let session = shop.session(&[]).await.ok();
    assert_eq!((&session["object"], &session["status"]), (&json!("checkout.session"), &json!("open")));
    assert_eq!(session["payment_status"], "unpaid");
    assert_eq!((&session["amount_total"], &session["currency"]), (&json!(2000), &json!("usd")));
    assert!(session["payment_intent"].is_null());
    assert_eq!(
        (&session["metadata"]["order"], &session["client_reference_id"]),
        (&json!("o1"), &json!("o1"))
    );
    let lives = session["expires_at"].as_i64().unwrap() - session["created"].as_i64().unwrap();
    assert_eq!(lives, 24 * 60 * 60);
    assert_eq!(session["url"], format!("{}/pay/{}", shop.stripe.url(), id(&session)));
    assert_eq!(session, shop.get(&format!("{SESSIONS}/{}", id(&session)), &[]).await.ok());
}

#[tokio::test]
async fn a_session_lives_for_thirty_minutes_at_least_and_a_day_at_most() {
    let shop = Shop::open().await;
    let now = shop.session(&[]).await.ok()["created"].as_i64().unwrap();
    for (seconds, allowed) in
        [(29 * 60, false), (31 * 60, true), (23 * 60 * 60, true), (24 * 60 * 60 + 60, false), (-60, false)]
    {
        let expires_at = (now + seconds).to_string();
        let answer = shop.session(&[("expires_at", &expires_at)]).await;
        if allowed {
            assert_eq!(answer.ok()["expires_at"], now + seconds);
        } else {
            assert_eq!(answer.error(400)["param"], "expires_at", "{seconds}");
        }
    }
}

#[tokio::test]
async fn only_an_open_session_can_be_expired() {
    let shop = Shop::open().await;
    let session = id(&shop.session(&[]).await.ok());
    let path = format!("{SESSIONS}/{session}/expire");
    let expired = shop.post(&path, &[]).await.ok();
    assert_eq!(expired["status"], "expired");
    assert!(expired["url"].is_null());
    let error = shop.post(&path, &[]).await.error(400);
    assert!(
        error["message"].as_str().unwrap().starts_with("Only Checkout Sessions with a status in [\"open\"]")
    );
    assert_eq!(shop.told(&[&session]), ["checkout.session.expired"]);
}

#[tokio::test]
async fn a_session_whose_time_is_over_is_expired_and_told() {
    let shop = Shop::open().await;
    let session = id(&shop.session(&[]).await.ok());
    let other = id(&shop.session(&[]).await.ok());
    shop.stripe.expire_session(&session).unwrap();
    let after = shop.get(&format!("{SESSIONS}/{session}"), &[]).await.ok();
    assert_eq!(after["status"], "expired");
    assert!(after["expires_at"].as_i64().unwrap() <= common::clock::now().timestamp());
    assert_eq!(shop.get(&format!("{SESSIONS}/{other}"), &[]).await.ok()["status"], "open");
    assert_eq!(shop.told(&[&session]), ["checkout.session.expired"]);
    shop.stripe.expire_session(&session).unwrap_err();
}

#[tokio::test]
async fn a_session_that_can_not_be_sold_is_refused_by_name() {
    let shop = Shop::open().await;
    let without =
        |name: &str| PARAMS.into_iter().filter(|(given, _)| !given.starts_with(name)).collect::<Vec<_>>();
    for (name, param) in [
        ("mode", "mode"),
        ("success_url", "success_url"),
        ("line_items[0][quantity]", "line_items[0][quantity]"),
        ("line_items", "line_items"),
    ] {
        let error = shop.post(SESSIONS, &without(name)).await.error(400);
        assert_eq!((&error["code"], &error["param"]), (&json!("parameter_missing"), &json!(param)));
    }
    for (more, param) in [
        (("success_url", "shop.example"), "success_url"),
        (("line_items[0][price_data][unit_amount]", "10"), "line_items"),
        (("colour", "red"), "colour"),
    ] {
        assert_eq!(shop.session(&[more]).await.error(400)["param"], param);
    }
    shop.session(&[("mode", "subscription")]).await.error(400);
    shop.session(&[("payment_intent_data[capture_method]", "later")]).await.error(400);
}

#[tokio::test]
async fn sessions_are_listed_by_status() {
    let shop = Shop::open().await;
    let (one, two) = (id(&shop.session(&[]).await.ok()), id(&shop.session(&[]).await.ok()));
    shop.stripe.expire_session(&one).unwrap();
    let open = shop.get(SESSIONS, &[("status", "open")]).await.ok();
    assert_eq!(open["data"].as_array().unwrap().len(), 1);
    assert_eq!(open["data"][0]["id"], two);
}
