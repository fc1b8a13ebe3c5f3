//! Every answer of the API, byte for byte.

use payments::store::CompletedOrder;
use reqwest::Method;
use stripe_stand_in::{Call, Fault};

use crate::{
    api::{PATH, Server, check, payment, send},
    world::{BUYER, LIMIT, World, cashier, id, order},
};

#[tokio::test]
async fn a_card_is_charged_when_its_order_is_complete_and_the_answers_are_as_the_golden_files_say() {
    let server = Server::new().await;
    let order = server.world.order_for("19.99").await;
    let path = format!("{PATH}?orderId={order}");
    check(server.get(BUYER, &path).await, include_str!("../golden/listed_empty.http"), &[]).await;
    let answer = server.pay(order.as_str(), Some("tok_visa")).await;
    let [told] = &server.world.told().await[..] else { panic!("not once") };
    let names = [("payment", told.id.as_str()), ("order", order.as_str())];
    check(answer, include_str!("../golden/authorised.http"), &names).await;
    check(server.get(BUYER, &path).await, include_str!("../golden/listed_authorised.http"), &names).await;
    let found = server.world.find(&told.id).await;
    assert_eq!(found.intent.as_deref(), Some(told.stripe_id.as_str()));
    assert_eq!(server.world.ledger(&found)[0].amount, 1999);
    assert_eq!(server.world.stripe.open_authorisations().len(), 1);

    server.world.complete(&found).await;
    server.world.settled(&found, payments::payment::Status::Captured).await;
    check(server.get(BUYER, &path).await, include_str!("../golden/listed_captured.http"), &names).await;
    assert_eq!(server.world.stripe.captured_minus_refunded("usd"), 1999);
}

#[tokio::test]
async fn without_a_token_the_buyer_gets_the_address_of_a_page() {
    let server = Server::new().await;
    let order = server.world.order().await;
    let answer = server.pay(order.as_str(), None).await;
    let listed = server.payments(order.as_str()).await;
    let text = |name: &str| listed[0][name].as_str().unwrap().to_owned();
    let (payment, url) = (text("id"), text("url"));
    assert!(url.starts_with(server.world.stripe.url()), "{url}");
    let names = [("payment", payment.as_str()), ("order", order.as_str()), ("url", url.as_str())];
    check(answer, include_str!("../golden/page.http"), &names).await;
    let path = format!("{PATH}?orderId={order}");
    check(server.get(BUYER, &path).await, include_str!("../golden/listed_open.http"), &names).await;
}

#[tokio::test]
async fn a_declined_card_is_told_in_the_providers_words_and_the_order_stays_payable() {
    let server = Server::new().await;
    let order = server.world.order().await;
    let pay = async |token: &str| server.pay(order.as_str(), Some(token)).await;
    check(pay("tok_chargeDeclined").await, include_str!("../golden/declined.http"), &[]).await;
    let poor = pay("tok_chargeDeclinedInsufficientFunds").await;
    check(poor, include_str!("../golden/declined_insufficient_funds.http"), &[]).await;
    let asked = server.world.stripe.requests(Call::ConfirmIntent);
    check(pay("tok_chargeDeclined").await, include_str!("../golden/declined.http"), &[]).await;
    assert_eq!(
        server.world.stripe.requests(Call::ConfirmIntent),
        asked,
        "the same request has the same answer"
    );
    for (token, status) in
        [("tok_threeDSecure2Required", 402), ("tok_chargeDeclinedExpiredCard", 402), ("tok_visa", 201)]
    {
        assert_eq!(pay(token).await.status(), status, "{token}");
    }
    let statuses: Vec<String> = server
        .payments(order.as_str())
        .await
        .iter()
        .map(|payment| payment["status"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(statuses, ["declined", "declined", "declined", "declined", "authorised"]);
    assert_eq!(server.world.told().await.len(), 1);
}

#[tokio::test]
async fn the_same_request_again_is_answered_with_the_same_payment_also_when_the_order_is_complete() {
    let server = Server::new().await;
    for token in [Some("tok_visa"), None] {
        let order = server.world.order().await;
        let first = server.paid(order.as_str(), token).await;
        assert_eq!(server.paid(order.as_str(), token).await, first);
    }
    let order = server.world.order().await;
    let (payment, _) = server.paid(order.as_str(), Some("tok_visa")).await;
    let (again, _) = server.paid(order.as_str(), Some("tok_mastercard")).await;
    assert_eq!(again, payment, "one live payment an order");
    let found = server.world.find(&id(&payment)).await;
    server.world.complete(&found).await;
    assert_eq!(server.paid(order.as_str(), Some("tok_visa")).await.0, payment);
    for token in [Some("tok_mastercard"), None] {
        check(server.pay(order.as_str(), token).await, include_str!("../golden/already_paid.http"), &[])
            .await;
    }
    assert_eq!(server.world.ledger(&found).len(), 1);
}

#[tokio::test]
async fn an_order_that_is_not_to_be_paid_is_refused_with_the_reason() {
    let server = Server::new().await;
    let cancelled = server.world.order().await;
    server.world.cancel(&cancelled).await;
    let expired = order("20", -1);
    let free = order("0", 60_000);
    let fine = order("0.001", 60_000);
    let huge = order("9007199254740991", 60_000);
    let cents = order("0.3", 60_000);
    let elsewhere = order("20", 60_000);
    let all = [&expired, &free, &fine, &huge, &cents, &elsewhere].map(Clone::clone);
    server.world.store.add_orders(&all).await.unwrap();
    let paid = CompletedOrder { id: elsewhere.id.clone(), version: 1, payment_id: id("of-another-service") };
    assert_eq!(server.world.store.complete_orders(&[paid]).await.unwrap(), [false]);
    for (order, golden) in [
        (&cancelled, include_str!("../golden/cancelled.http")),
        (&expired.id, include_str!("../golden/expired.http")),
        (&free.id, include_str!("../golden/price_zero.http")),
        (&fine.id, include_str!("../golden/price_too_fine.http")),
        (&huge.id, include_str!("../golden/price_too_high.http")),
        (&cents.id, include_str!("../golden/price_not_by_card.http")),
        (&elsewhere.id, include_str!("../golden/already_paid.http")),
    ] {
        check(server.pay(order.as_str(), Some("tok_visa")).await, golden, &[]).await;
        check(server.pay(order.as_str(), None).await, golden, &[]).await;
    }
    assert_eq!(server.world.stripe.ledger().len(), 0);
}

#[tokio::test]
async fn money_is_paid_in_the_currencys_own_coins() {
    for (currency, price, amount) in [("jpy", "500", 500), ("kwd", "5.12", 5120), ("eur", "19.99", 1999)] {
        let server = Server::in_currency(currency).await;
        let order = server.world.order_for(price).await;
        server.paid(order.as_str(), Some("tok_visa")).await;
        let held = server.world.stripe.open_authorisations();
        assert_eq!((held[0].amount, held[0].currency.as_str()), (amount, currency));
        let listed = server.get(BUYER, &format!("{PATH}?orderId={order}")).await.text().await.unwrap();
        assert!(listed.contains(&format!(r#""amount":{price},"currency":"{currency}""#)), "{listed}");
    }
    let server = Server::in_currency("jpy").await;
    let order = server.world.order_for("19.99").await;
    let golden = include_str!("../golden/price_too_fine.http");
    check(server.pay(order.as_str(), Some("tok_visa")).await, golden, &[]).await;
}

#[tokio::test]
async fn only_the_buyer_pays_and_sees_what_became_of_it() {
    let server = Server::new().await;
    let order = server.world.order().await;
    let path = format!("{PATH}?orderId={order}");
    let refused = include_str!("../golden/not_authorized.http");
    let body = payment(order.as_str(), Some("tok_visa"));
    check(server.post("u-2", &body).await, refused, &[]).await;
    check(send(server.anonymous(Method::POST, PATH), &body).await, refused, &[]).await;
    check(server.get("u-2", &path).await, refused, &[]).await;
    check(server.anonymous(Method::GET, &path).send().await.unwrap(), refused, &[]).await;
    assert_eq!(server.world.stripe.ledger().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_event_is_on_its_way_is_waited_for_and_an_unknown_one_is_not_found() {
    let server = Server::new().await;
    let late = order("20", 60_000);
    // The request asks for the order behind this lock, and its event comes behind the request.
    let mut lock = server.world.pool.begin().await.unwrap();
    sqlx::raw_sql("lock table orders in access exclusive mode").execute(&mut *lock).await.unwrap();
    let (answer, ()) = tokio::join!(server.pay(late.id.as_str(), Some("tok_visa")), async {
        testkit::eventually("the request asks for the order", LIMIT, async || {
            let waiting = "select count(*) from pg_locks where relation = 'orders'::regclass and not granted";
            let waiting: i64 = sqlx::query_scalar(waiting)
                .fetch_one(&server.world.pool)
                .await
                .map_err(|error| error.to_string())?;
            if waiting > 0 { Ok(()) } else { Err(format!("{waiting} wait")) }
        })
        .await;
        lock.rollback().await.unwrap();
        server.world.store.add_orders(std::slice::from_ref(&late)).await.unwrap();
    });
    assert_eq!(answer.status(), 201);
    let golden = include_str!("../golden/not_found.http");
    check(server.pay("nothing", Some("tok_visa")).await, golden, &[]).await;
    check(server.get(BUYER, &format!("{PATH}?orderId=nothing")).await, golden, &[]).await;
    check(server.get(BUYER, "/api/payments/nothing").await, golden, &[]).await;
    let golden = include_str!("../golden/method_not_allowed.http");
    check(server.request(BUYER, Method::PUT, PATH).send().await.unwrap(), golden, &[]).await;
}

#[tokio::test]
async fn a_provider_that_is_away_is_503_and_the_payment_goes_on_when_it_is_back() {
    let server = Server::impatient().await;
    let order = server.world.order().await;
    server.world.stripe.set_down(true);
    let golden = include_str!("../golden/unavailable.http");
    check(server.pay(order.as_str(), Some("tok_visa")).await, golden, &[]).await;
    check(server.pay(order.as_str(), Some("tok_visa")).await, golden, &[]).await;
    server.world.stripe.set_down(false);
    server.world.hurry().await;
    server.world.settler.run_once().await.unwrap();
    let told = server.world.told().await;
    assert_eq!(told.len(), 1, "the settler went on with the same key");
    assert_eq!(server.paid(order.as_str(), Some("tok_visa")).await.0, told[0].id.as_str());
    assert_eq!(server.world.stripe.ledger().len(), 1);
}

#[tokio::test]
async fn a_key_that_the_provider_does_not_take_is_503_until_it_is_put_right() {
    let mut world = World::new().await;
    world.cashier = cashier(&world.store, &world.stripe, "sk_test_wrong");
    let order = world.order().await;
    let server = Server::hurried(world).await;
    let golden = include_str!("../golden/unavailable.http");
    check(server.pay(order.as_str(), Some("tok_visa")).await, golden, &[]).await;
    check(server.pay(order.as_str(), None).await, golden, &[]).await;
    assert_eq!(server.world.stripe.ledger().len(), 0);
    // The settler has the right one.
    server.world.hurry().await;
    server.world.settler.run_once().await.unwrap();
    assert_eq!(server.world.told().await.len(), 1);
}

#[tokio::test]
async fn a_provider_that_is_away_for_a_moment_is_asked_again_within_the_request() {
    let server = Server::new().await;
    for call in [Call::CreateIntent, Call::ConfirmIntent] {
        for fault in Fault::ALL {
            let order = server.world.order().await;
            server.world.stripe.fault(call, fault, 1);
            let (payment, _) = server.paid(order.as_str(), Some("tok_visa")).await;
            server.world.stripe.clear_faults();
            let payment = server.world.find(&id(&payment)).await;
            assert_eq!(server.world.ledger(&payment).len(), 1, "{call:?} {fault:?}");
            assert_eq!(server.payments(order.as_str()).await.len(), 1, "{call:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_page_that_was_surely_not_made_is_made_by_another_payment() {
    let server = Server::new().await;
    let order = server.world.order().await;
    server.world.stripe.fault(Call::CreateSession, Fault::ErrorBefore, 1);
    server.paid(order.as_str(), None).await;
    let payments = server.payments(order.as_str()).await;
    let statuses: Vec<&str> = payments.iter().map(|payment| payment["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["closed", "open"]);
}

#[tokio::test]
async fn without_postgres_every_request_is_turned_away_for_now() {
    let postgres = testkit::Postgres::start().await.unwrap();
    let server = Server::over(World::on(&postgres).await).await;
    let order = server.world.order().await;
    postgres.stop().await.unwrap();
    let golden = include_str!("../golden/unavailable.http");
    check(server.pay(order.as_str(), Some("tok_visa")).await, golden, &[]).await;
    check(server.get(BUYER, &format!("{PATH}?orderId={order}")).await, golden, &[]).await;
    assert_eq!(server.world.stripe.ledger().len(), 0);
    postgres.restart().await.unwrap();
    server.paid(order.as_str(), Some("tok_visa")).await;
}

#[tokio::test]
async fn after_twenty_refused_cards_no_other_is_tried_for_the_order() {
    let server = Server::new().await;
    let order = server.world.order().await;
    server.world.refused_cards(&order, 19).await;
    let pay = async |token: &str| server.pay(order.as_str(), Some(token)).await.status().as_u16();
    assert_eq!(pay("tok_chargeDeclined").await, 402, "the twentieth");
    assert_eq!(pay("tok_visa").await, 429);
}

#[tokio::test]
async fn the_number_of_a_card_is_no_token() {
    let server = Server::new().await;
    let order = server.world.order().await;
    for number in ["4242424242424242", "4242-4242-4242-4242"] {
        let answer = server.pay(order.as_str(), Some(number)).await;
        assert_eq!(answer.status(), 400, "{number}");
    }
    let kept: i64 =
        sqlx::query_scalar("select count(*) from payments").fetch_one(&server.world.pool).await.unwrap();
    assert_eq!(kept, 0);
}
