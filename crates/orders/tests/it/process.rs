//! The process as a whole: events in, events out, and every way to end it.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use common::event::{ExpirationComplete, Id, PaymentCreated, PaymentSettled, SettledOutcome};
use futures_util::future::join_all;
use reqwest::Method;
use testkit::{Nats, Postgres, ServiceProcess, eventually};

use crate::{
    platform::{Platform, READY, command},
    world::payment,
};

const SECOND: Duration = Duration::from_secs(1);

fn expiration(order: &Id) -> ExpirationComplete {
    ExpirationComplete { order_id: order.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_early_by_two_seconds_cancels_when_the_time_is_over() {
    let platform = Platform::start("2s").await;
    let order = platform.order().await;
    platform.publish(&expiration(&order)).await;
    // The sweeper would take 10 s more.
    platform.becomes(&order, "cancelled", 8 * SECOND).await;
    platform.all_cancelled(READY).await;
    assert!(platform.latest().await < 2 * SECOND, "{:?} late", platform.latest().await);
    assert_eq!(platform.published("order:created").await, [order.to_string()]);
    assert_eq!(platform.published("order:cancelled").await, [order.to_string()]);
    assert_eq!(platform.dead_letters().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_early_by_twenty_minutes_is_kept_by_the_broker_and_no_dead_letter() {
    let platform = Platform::start("20m").await;
    let order = platform.order().await;
    platform.publish(&expiration(&order)).await;
    eventually("the event was handled and waits", READY, async || {
        let answered = platform.orders.get("/metrics").await.map_err(|error| format!("{error:#}"))?.1;
        let line = r#"consumed_total{consumer="orders-expiration-complete",outcome="postponed"} 1"#;
        if answered.contains(line) { Ok(()) } else { Err("not postponed".to_owned()) }
    })
    .await;
    let stream = platform.jetstream.get_stream("ticketing-expiration").await.unwrap();
    let info = stream.consumer_info("orders-expiration-complete").await.unwrap();
    assert_eq!((info.num_ack_pending, info.num_pending), (1, 0), "{info:?}");
    assert_eq!(platform.status(&order).await.unwrap(), "created");
    assert_eq!(platform.dead_letters().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_and_outcomes_are_counted_from_0_before_the_first_one() {
    let platform = Platform::start("20m").await;
    let mut missing = vec![r#"dead_letters_total{consumer="orders-payment-created"} 0"#.to_owned()];
    missing.extend(["done", "postponed", "given_back", "retried", "dead_lettered", "kept"].map(|outcome| {
        format!(r#"consumed_total{{consumer="orders-payment-created",outcome="{outcome}"}} 0"#)
    }));
    missing.extend(
        [
            "orders_placed_total",
            "orders_completed_total",
            "orders_swept_total",
            "outbox_published_total",
            "publish_failures_total",
            r#"orders_cancelled_total{reason="expired"}"#,
            r#"orders_expirations_total{answer="unknown"}"#,
            r#"http_requests_total{method="POST",route="/api/orders",status="503"}"#,
        ]
        .map(|series| format!("{series} 0")),
    );
    eventually("every series is there", READY, async || {
        let answered = platform.orders.get("/metrics").await.map_err(|error| format!("{error:#}"))?.1;
        match missing.iter().find(|line| !answered.lines().any(|there| there == **line)) {
            None => Ok(()),
            Some(line) => Err(format!("no {line}")),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_completes_an_order_and_one_for_a_cancelled_order_is_told_back_and_owed_until_it_is_settled()
 {
    let platform = Platform::start("15m").await;
    let (paid, cancelled) = (platform.order().await, platform.order().await);
    platform.publish(&payment(&paid)).await;
    platform.becomes(&paid, "complete", READY).await;

    let path = format!("/api/orders/{cancelled}");
    assert_eq!(platform.request(Method::DELETE, &path, "u-1", "").await.unwrap().status(), 204);
    let late = PaymentCreated { stripe_id: "ch_late".to_owned(), ..payment(&cancelled) };
    platform.publish(&late).await;
    eventually("the rejection is told", READY, async || match platform.published("payment:rejected").await {
        told if told == [late.id.to_string()] => Ok(()),
        told => Err(format!("{told:?}")),
    })
    .await;
    assert_eq!(platform.published("order:completed").await, [paid.to_string()]);
    let shown = async |order: &Id| -> serde_json::Value {
        let path = format!("/api/orders/{order}");
        platform.request(Method::GET, &path, "u-1", "").await.unwrap().json().await.unwrap()
    };
    assert_eq!(shown(&cancelled).await["payment"]["status"], "rejected");
    assert_eq!(shown(&paid).await["payment"]["status"], "accepted");

    let PaymentCreated { id, order_id, stripe_id } = late;
    platform.publish(&PaymentSettled { id, order_id, stripe_id, outcome: SettledOutcome::Released }).await;
    eventually("the release is noted", READY, async || {
        match shown(&cancelled).await["payment"]["status"].as_str() {
            Some("released") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    assert_eq!(platform.status(&cancelled).await.unwrap(), "cancelled");
    assert_eq!(platform.dead_letters().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expiration_of_an_unknown_order_is_a_dead_letter_after_its_retries() {
    let platform = Platform::start("15m").await;
    platform.publish(&expiration(&Id::generate())).await;
    let reason = eventually("the dead letter is there", Duration::from_secs(60), async || {
        platform.dead_letters().await.pop().ok_or("none".to_owned())
    })
    .await;
    assert!(reason.contains("unknown"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_between_publish_and_commit_tells_each_event_once() {
    let platform = Platform::start("15m").await;
    let first = platform.order().await;
    eventually("the first order is told", READY, async || {
        match platform.published("order:created").await.len() {
            1 => Ok(()),
            other => Err(format!("{other} told")),
        }
    })
    .await;
    // From now on deleting from the outbox waits for a lock that the test holds: published, and not committed.
    sqlx::raw_sql(
        "create function wait() returns trigger language plpgsql
           as $$ begin perform pg_advisory_xact_lock(1); return old; end $$;
         create trigger wait before delete on outbox for each row execute function wait();",
    )
    .execute(&platform.pool)
    .await
    .unwrap();
    let mut lock = platform.pool.acquire().await.unwrap();
    sqlx::query("select pg_advisory_lock(1)").execute(&mut *lock).await.unwrap();
    let second = platform.order().await;
    eventually("the second order is published", READY, async || {
        match platform.published("order:created").await.len() {
            2 => Ok(()),
            other => Err(format!("{other} told")),
        }
    })
    .await;
    platform.orders.kill().await.unwrap();
    sqlx::query("select pg_advisory_unlock(1)").execute(&mut *lock).await.unwrap();
    let waiting: i64 =
        sqlx::query_scalar("select count(*) from outbox").fetch_one(&platform.pool).await.unwrap();
    assert_eq!(waiting, 1, "killed before the commit");

    platform.orders.restart().await.unwrap();
    platform.orders.ready(READY).await.unwrap();
    outbox_empty(&platform).await;
    let mut both = [first.to_string(), second.to_string()];
    both.sort();
    assert_eq!(platform.published("order:created").await, both);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_whose_data_was_wiped_is_used_again_without_a_restart() {
    let platform = Platform::start("15m").await;
    let before = platform.order().await;
    outbox_empty(&platform).await;
    platform.nats.wipe_and_restart().await.unwrap();
    let order = platform.order().await;
    // The order from before is told again. That of after may be told before the loss is found, and then again.
    eventually("both are told", READY, async || {
        let told: BTreeSet<String> = platform.published("order:created").await.into_iter().collect();
        if told == BTreeSet::from([before.to_string(), order.to_string()]) {
            Ok(())
        } else {
            Err(format!("{told:?}"))
        }
    })
    .await;
    outbox_empty(&platform).await;
    platform.publish(&payment(&order)).await;
    platform.becomes(&order, "complete", READY).await;
}

/// Kubernetes sends no request to a process that is not ready: both replicas would be gone, with nothing in the way of an
/// order.
#[tokio::test(flavor = "multi_thread")]
async fn orders_are_taken_while_nats_is_away_by_a_process_that_stays_ready_and_are_told_afterwards() {
    let platform = Platform::start("15m").await;
    let ticket = platform.ticket().await;
    platform.nats.stop().await.unwrap();
    eventually("it says that NATS is away", READY, async || match platform.orders.get("/readyz").await {
        Ok((200, text)) if text.contains("nats is not ready") => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    let order = platform.try_order(&ticket).await.unwrap();
    platform.nats.restart().await.unwrap();
    outbox_empty(&platform).await;
    assert_eq!(platform.published("order:created").await, [order.to_string()]);
    eventually("it says no more of it", READY, async || match platform.orders.get("/readyz").await {
        Ok((200, text)) if text == "ok\n" => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_loses_no_order_and_exits_0_within_its_limit() {
    let platform = Platform::start("15m").await;
    let tickets = join_all((0..40).map(|_| platform.ticket())).await;
    let buyers = join_all(tickets.iter().map(async |ticket| platform.try_order(ticket).await));
    let terminated = async {
        eventually("some orders are placed", READY, async || {
            let placed: i64 =
                sqlx::query_scalar("select count(*) from orders").fetch_one(&platform.pool).await.unwrap();
            if placed >= 5 { Ok(()) } else { Err(format!("{placed} placed")) }
        })
        .await;
        let asked = Instant::now();
        platform.orders.terminate().unwrap();
        let status = platform.orders.wait_exit(Duration::from_secs(25)).await.unwrap();
        assert_eq!(status.code(), Some(0), "{}", platform.orders.log());
        assert!(asked.elapsed() < 20 * SECOND, "{:?}", asked.elapsed());
    };
    let (placed, ()) = tokio::join!(buyers, terminated);
    let placed: Vec<Id> = placed.into_iter().flatten().collect();
    assert!(placed.len() >= 5, "{} placed", placed.len());

    platform.orders.restart().await.unwrap();
    platform.orders.ready(READY).await.unwrap();
    outbox_empty(&platform).await;
    let told = platform.published("order:created").await;
    for order in &placed {
        assert_eq!(told.iter().filter(|told| **told == order.as_str()).count(), 1, "{order}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_starts_before_its_servers_is_alive_and_gets_ready_by_itself() {
    let (nats, postgres) = (Nats::start().await.unwrap(), Postgres::start().await.unwrap());
    let database = postgres.database().await.unwrap();
    nats.stop().await.unwrap();
    postgres.stop().await.unwrap();
    let orders = command(&nats, database.url(), "15m").spawn().await.unwrap();
    let unready = async || match orders.get("/readyz").await {
        Ok((503, text)) if text.contains("nats") && text.contains("postgres") => Ok(()),
        other => Err(format!("{other:?}")),
    };
    eventually("it says what it waits for", READY, unready).await;
    assert_eq!(orders.get("/livez").await.unwrap().0, 200);
    assert_eq!(orders.get("/api/orders").await.unwrap().0, 401);
    postgres.restart().await.unwrap();
    nats.restart().await.unwrap();
    orders.ready(READY).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn buyers_who_race_through_two_replicas_get_a_ticket_once() {
    let platform = Platform::start("15m").await;
    let replica = platform.replica().await;
    let ticket = platform.ticket().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answers = join_all((0..10).map(|nth| {
        let url = if nth % 2 == 0 { platform.orders.http_url() } else { replica.http_url() };
        let request = client.post(format!("{url}/api/orders")).header("content-type", "application/json");
        let request = request.header("cookie", crate::api::session(&format!("u-{nth}")));
        request.body(format!(r#"{{"ticketId":"{ticket}"}}"#)).send()
    }))
    .await;
    let mut statuses: Vec<u16> =
        answers.into_iter().map(|answer| answer.unwrap().status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400, 400, 400, 400, 400, 400, 400, 400, 400]);
}

#[tokio::test]
async fn every_setting_that_is_missing_or_wrong_is_reported_at_once_with_exit_64() {
    let orders = ServiceProcess::command("orders")
        .env("DATABASE_URL", "mysql://u:s3cret@db/orders")
        .env("ORDER_EXPIRATION_WINDOW", "15")
        .env("NATS_REPLICAS", "many")
        .env("SHUTDOWN_TIMEOUT", "soon")
        .spawn()
        .await
        .unwrap();
    let status = orders.wait_exit(READY).await.unwrap();
    let log = orders.log();
    assert_eq!(status.code(), Some(64), "{log}");
    for name in ["DATABASE_URL", "JWT_KEY", "ORDER_EXPIRATION_WINDOW", "NATS_REPLICAS", "SHUTDOWN_TIMEOUT"] {
        assert!(log.contains(name), "{name} is not in:\n{log}");
    }
    assert!(!log.contains("s3cret"), "{log}");
}

async fn outbox_empty(platform: &Platform) {
    eventually("the outbox is empty", READY, async || {
        let waiting: i64 = sqlx::query_scalar("select count(*) from outbox")
            .fetch_one(&platform.pool)
            .await
            .map_err(|error| error.to_string())?;
        if waiting == 0 { Ok(()) } else { Err(format!("{waiting} rows")) }
    })
    .await;
}
