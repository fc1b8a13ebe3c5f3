//! The process as a whole: events in, events out, and every way to end it.

use std::time::{Duration, Instant};

use common::event::SettledOutcome;
use stripe_stand_in::{Call, Fault, RandomFaults, WebhookMode};
use testkit::{Nats, Postgres, ServiceProcess, eventually};

use crate::{
    api::{KEY, SECRET, payment},
    pages::pay_on,
    platform::{Platform, READY, command},
    world::{STRIPE_KEY, id},
};

const CARD: &str = "4242424242424242";

#[tokio::test(flavor = "multi_thread")]
async fn money_is_held_taken_or_let_go_as_orders_decides_and_each_is_told_once() {
    let platform = Platform::start().await;
    let (kept, lost, page) = (platform.order().await, platform.order().await, platform.order().await);
    let (kept_by, _) = platform.pay(0, &kept, Some("tok_visa")).await;
    let (lost_by, _) = platform.pay(1, &lost, Some("tok_visa")).await;
    let (page_by, url) = platform.pay(1, &page, None).await;
    assert_eq!(pay_on(&url.unwrap(), CARD).await.status(), 303);
    platform.status(&page_by, "authorised").await;
    for _ in 0..2 {
        platform.complete(&kept, &kept_by).await;
        platform.complete(&page, &page_by).await;
        platform.cancel(&lost).await;
    }
    let rejected = Instant::now();
    platform.reject(&lost, &lost_by).await;
    platform.status(&lost_by, "released").await;
    assert!(rejected.elapsed() < Duration::from_secs(5), "{:?}", rejected.elapsed());
    platform.reject(&lost, &lost_by).await;
    platform.status(&kept_by, "captured").await;
    platform.status(&page_by, "captured").await;
    platform.at_rest().await;
    assert_eq!(platform.stripe.captured_minus_refunded("usd"), 2 * 2000);
    assert_eq!(platform.stripe.open_authorisations(), []);
    let mut told = [kept_by.clone(), lost_by.clone(), page_by.clone()];
    told.sort();
    assert_eq!(platform.told().await, told);
    for (payment, outcome) in [
        (kept_by, SettledOutcome::Captured),
        (page_by, SettledOutcome::Captured),
        (lost_by, SettledOutcome::Released),
    ] {
        assert_eq!(platform.outcomes(&payment).await, [outcome]);
    }
    assert_eq!(platform.messages("ticketing-dead-letters", "").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_killed_while_money_moves_and_nothing_can_be_relied_on_lose_and_repeat_nothing() {
    const ORDERS: usize = 24;
    let platform = Platform::start().await;
    let delay = Duration::from_millis(200);
    platform.stripe.set_webhook_mode(WebhookMode::Lossy { drop: 0.3, double: 0.3, delay });
    platform.stripe.random_faults(RandomFaults {
        seed: 13,
        probability: 0.15,
        calls: Call::ALL.to_vec(),
        // Calls that hang take ten seconds each; `faults` has them.
        faults: Fault::ALL
            .into_iter()
            .filter(|fault| !matches!(fault, Fault::HangBefore | Fault::HangAfter))
            .collect(),
    });
    let mut orders = Vec::new();
    for _ in 0..ORDERS {
        orders.push(platform.order().await);
    }
    let kills = async {
        for round in 0..6 {
            let replica = &platform.replicas[round % 2];
            // Each time at another moment of what the others do.
            eventually("some more is done", READY, async || {
                let done = platform.stripe.ledger().len();
                if done > round * 3 { Ok(()) } else { Err(format!("{done} payments")) }
            })
            .await;
            replica.kill().await.unwrap();
            replica.restart().await.unwrap();
            replica.ready(READY).await.unwrap();
        }
    };
    let pays = async {
        let mut paid = Vec::new();
        for (n, order) in orders.iter().enumerate() {
            let (payment, _) = platform.pay(n % 2, order, Some("tok_visa")).await;
            if n % 3 == 0 {
                platform.cancel(order).await;
                platform.reject(order, &payment).await;
            } else {
                platform.complete(order, &payment).await;
            }
            paid.push(payment);
        }
        paid
    };
    let ((), paid) = tokio::join!(kills, pays);
    for (n, payment) in paid.iter().enumerate() {
        platform.status(payment, if n % 3 == 0 { "released" } else { "captured" }).await;
    }
    platform.at_rest().await;
    assert_eq!(platform.stripe.captured_minus_refunded("usd"), 2000 * 16);
    assert_eq!(platform.stripe.open_authorisations(), []);
    assert_eq!(platform.messages("ticketing-dead-letters", "").await.len(), 0);
    let mut told = platform.told().await;
    told.dedup();
    assert_eq!(told.len(), ORDERS, "one payment an order, however often the buyer had to ask");
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_and_a_provider_that_go_away_are_used_again_without_a_restart() {
    let platform = Platform::start().await;
    let order = platform.order().await;
    let (payment_id, _) = platform.pay(0, &order, Some("tok_visa")).await;
    platform.stripe.set_down(true);
    platform.postgres.kill().await.unwrap();
    platform.complete(&order, &payment_id).await;
    platform.postgres.restart().await.unwrap();
    platform.nats.wipe_and_restart().await.unwrap();
    let next = platform.order().await;
    eventually("the provider's absence is 503", READY, async || {
        let status = platform.try_to_pay(1, &payment(next.as_str(), Some("tok_visa"))).await;
        if status == 503 { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
    for replica in &platform.replicas {
        replica.ready(READY).await.unwrap();
    }
    platform.stripe.set_down(false);
    platform.complete(&order, &payment_id).await;
    platform.status(&payment_id, "captured").await;
    let (next_id, _) = platform.pay(1, &next, Some("tok_visa")).await;
    platform.status(&next_id, "authorised").await;
    assert_eq!(platform.stripe.ledger().len(), 2, "nothing was charged twice");
    platform.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_has_a_key_a_token_a_signature_or_a_card_number() {
    let (nats, postgres) = (Nats::start().await.unwrap(), Postgres::start().await.unwrap());
    let stripe = stripe_stand_in::StandIn::builder().secret_key(STRIPE_KEY).start().await.unwrap();
    let url = postgres.database().await.unwrap().url().to_owned();
    let payments = command(&nats, &url, stripe.url()).env("RUST_LOG", "trace").spawn().await.unwrap();
    payments.ready(READY).await.unwrap();
    stripe.set_webhook(format!("{}{}", payments.http_url(), crate::api::WEBHOOK), SECRET);
    sqlx::query(
        "insert into orders (id, version, status, user_id, price, expires_at)
         select 'o-' || n, 0, 'created', 'buyer', 20, now() + interval '1 hour' from generate_series(1, 2) n",
    )
    .execute(&sqlx::PgPool::connect_lazy(&url).unwrap())
    .await
    .unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let pay = async |body: String| {
        let request = client.post(format!("{}/api/payments", payments.http_url()));
        crate::api::send(request.header("cookie", crate::api::session("buyer")), &body).await
    };
    stripe.fault(Call::ConfirmIntent, Fault::Unavailable, 1);
    assert_eq!(pay(payment("o-1", Some("tok_chargeDeclinedExpiredCard"))).await.status(), 402);
    assert_eq!(pay(payment("o-1", Some("tok_nobodyKnows"))).await.status(), 400);
    let page: serde_json::Value = pay(payment("o-2", None)).await.json().await.unwrap();
    assert_eq!(pay_on(page["url"].as_str().unwrap(), CARD).await.status(), 303);
    let pool = sqlx::PgPool::connect_lazy(&url).unwrap();
    eventually("the webhook has its effect", READY, async || {
        let status: String = sqlx::query_scalar("select status from payments where id = $1")
            .bind(page["id"].as_str())
            .fetch_one(&pool)
            .await
            .map_err(|error| error.to_string())?;
        if status == "authorised" { Ok(()) } else { Err(status) }
    })
    .await;
    let forged = client.post(format!("{}{}", payments.http_url(), crate::api::WEBHOOK));
    let now = common::clock::now().timestamp();
    let forged = forged.header("stripe-signature", format!("t={now},v1={}", "5ec".repeat(21) + "5"));
    assert_eq!(forged.body("{}").send().await.unwrap().status(), 400);
    payments.terminate().unwrap();
    payments.wait_exit(Duration::from_secs(25)).await.unwrap();
    let log = payments.log();
    assert!(log.len() > 10_000, "{log}");
    for secret in [STRIPE_KEY, SECRET, "tok_chargeDeclined", "tok_nobodyKnows", CARD, "5ec5ec", "v1="] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
    assert!(!log.contains(&crate::api::session("buyer")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_a_dead_letter_with_its_reason() {
    let platform = Platform::start().await;
    platform.publish_bytes("order:completed", b"{\"id\": oops").await;
    eventually("the dead letter is there", 4 * READY, async || {
        let letters = platform.messages("ticketing-dead-letters", "").await;
        let reasons: Vec<String> = letters
            .iter()
            .map(|letter| letter.headers.get("dead-letter-reason").unwrap().as_str().to_owned())
            .collect();
        match &reasons[..] {
            [reason] if reason.contains("not a valid order:completed") => Ok(()),
            _ => Err(format!("{reasons:?}")),
        }
    })
    .await;
    // A payment that nobody here has begun is another service's business.
    platform.complete(&id("o-1"), &id("p-1")).await;
    platform.reject(&id("o-2"), &id("p-2")).await;
    platform.at_rest().await;
    assert_eq!(platform.messages("ticketing-dead-letters", "").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_starts_before_its_servers_gets_ready_by_itself_and_ends_with_0() {
    let (nats, postgres) = (Nats::start().await.unwrap(), Postgres::start().await.unwrap());
    let database = postgres.database().await.unwrap();
    nats.stop().await.unwrap();
    postgres.stop().await.unwrap();
    // The provider never comes, and nobody waits for it.
    let payments = command(&nats, database.url(), "http://127.0.0.1:1").spawn().await.unwrap();
    eventually("it says what it waits for", READY, async || match payments.get("/readyz").await {
        Ok((503, text)) if text.contains("nats") && text.contains("postgres") => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    assert_eq!(payments.get("/livez").await.unwrap().0, 200);
    postgres.restart().await.unwrap();
    nats.restart().await.unwrap();
    payments.ready(READY).await.unwrap();
    let (_, metrics) = payments.get("/metrics").await.unwrap();
    for series in [
        "payments_authorised_total 0",
        "payments_declined_total 0",
        "payments_settled_total{outcome=\"failed\"} 0",
        "stripe_requests_total{call=\"capture\",answer=\"lost\"} 0",
        "webhooks_total{answer=\"refused\"} 0",
        "payments_unsettled 0",
        "payments_unsettled_oldest_age_seconds 0",
    ] {
        assert!(metrics.lines().any(|line| line == series), "{series} is not in\n{metrics}");
    }
    payments.terminate().unwrap();
    let status = payments.wait_exit(Duration::from_secs(25)).await.unwrap();
    assert_eq!(status.code(), Some(0), "{}", payments.log());
}

#[tokio::test]
async fn every_setting_that_is_missing_or_wrong_is_reported_at_once_with_exit_64() {
    let payments = ServiceProcess::command("payments")
        .env("DATABASE_URL", "mysql://u:s3cret@db/payments")
        .env("JWT_KEY", KEY)
        .env("STRIPE_SECRET_KEY", "s3cret key")
        .env("STRIPE_API_URL", "stripe")
        .env("PAYMENT_CURRENCY", "gold")
        .spawn()
        .await
        .unwrap();
    let status = payments.wait_exit(READY).await.unwrap();
    let log = payments.log();
    assert_eq!(status.code(), Some(64), "{log}");
    for name in [
        "DATABASE_URL",
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
        "STRIPE_API_URL",
        "PAYMENT_CURRENCY",
        "PUBLIC_URL",
    ] {
        assert!(log.contains(name), "{name} is not in:\n{log}");
    }
    assert!(!log.contains("s3cret"), "{log}");
}
