//! The process as a whole: events in, events out, and every way to end it.

use std::time::Duration;

use common::event::Id;
use testkit::{Nats, Postgres, ServiceProcess, eventually};

use crate::platform::{Platform, READY, cancelled, command, created};

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_is_reserved_freed_and_reserved_for_the_next_and_each_change_is_told_once() {
    let platform = Platform::start().await;
    let ticket = platform.ticket().await;
    let (a, b) = (Id::generate(), Id::generate());
    for _ in 0..2 {
        platform.publish(&created(&a, &ticket)).await;
    }
    platform.held_by(&ticket, Some(&a)).await;
    // The next order's creation overtakes the cancellation that makes room for it.
    platform.publish(&created(&b, &ticket)).await;
    for _ in 0..2 {
        platform.publish(&cancelled(&a, &ticket)).await;
    }
    platform.held_by(&ticket, Some(&b)).await;
    platform.publish(&created(&a, &ticket)).await;
    platform.at_rest().await;
    assert_eq!(platform.published(&ticket).await, [(1, Some(a)), (2, None), (3, Some(b))]);
    assert_eq!(platform.messages("ticketing-dead-letters", "").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_killed_while_seats_change_hands_loses_and_repeats_nothing() {
    let platform = Platform::start().await;
    let mut seats = Vec::new();
    for _ in 0..40 {
        seats.push((platform.ticket().await, Id::generate(), Id::generate()));
    }
    for (ticket, a, _) in &seats {
        platform.publish(&created(a, ticket)).await;
    }
    platform.replicas[0].kill().await.unwrap();
    for (ticket, a, b) in &seats {
        platform.publish(&created(b, ticket)).await;
        platform.publish(&cancelled(a, ticket)).await;
    }
    platform.replicas[0].restart().await.unwrap();
    platform.replicas[1].kill().await.unwrap();
    for (ticket, _, b) in &seats {
        platform.held_by(ticket, Some(b)).await;
    }
    platform.at_rest().await;
    for (ticket, a, b) in seats {
        assert_eq!(platform.published(&ticket).await.last().unwrap().1, Some(b));
        let freed = platform.published(&ticket).await.iter().filter(|(_, holder)| holder.is_none()).count();
        let held = platform.published(&ticket).await.iter().any(|(_, holder)| *holder == Some(a.clone()));
        assert_eq!(freed, usize::from(held));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_handled_is_a_dead_letter_with_its_reason() {
    let platform = Platform::start().await;
    // Each replica counts the refusals that it has seen itself: two of them try twice as often, minutes apart in the end.
    platform.replicas[1].kill().await.unwrap();
    platform.publish_bytes("order:cancelled", b"{\"id\": oops").await;
    platform.publish(&created(&Id::generate(), &"nothing".parse().unwrap())).await;
    let reasons = eventually("the dead letters are there", 4 * READY, async || {
        let letters = platform.messages("ticketing-dead-letters", "").await;
        let reason = |header: Option<&async_nats::HeaderValue>| header.unwrap().as_str().to_owned();
        let reasons: Vec<String> =
            letters.iter().map(|letter| reason(letter.headers.get("dead-letter-reason"))).collect();
        if reasons.len() == 2 { Ok(reasons) } else { Err(format!("{reasons:?}")) }
    })
    .await;
    assert!(reasons.iter().any(|reason| reason.contains("not a valid order:cancelled")), "{reasons:?}");
    assert!(
        reasons.iter().any(|reason| reason.contains("ticket nothing") && reason.contains("unknown")),
        "{reasons:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_go_away_are_used_again_without_a_restart() {
    let platform = Platform::start().await;
    let ticket = platform.ticket().await;
    platform.postgres.kill().await.unwrap();
    let order = Id::generate();
    platform.publish(&created(&order, &ticket)).await;
    platform.postgres.restart().await.unwrap();
    platform.held_by(&ticket, Some(&order)).await;
    platform.at_rest().await;
    platform.nats.wipe_and_restart().await.unwrap();
    platform.publish(&cancelled(&order, &ticket)).await;
    platform.held_by(&ticket, None).await;
    platform.at_rest().await;
    // What the broker had lost may be told again before, or after.
    assert!(platform.published(&ticket).await.contains(&(2, None)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_starts_before_its_servers_gets_ready_by_itself_and_ends_with_0() {
    let (nats, postgres) = (Nats::start().await.unwrap(), Postgres::start().await.unwrap());
    let database = postgres.database().await.unwrap();
    nats.stop().await.unwrap();
    postgres.stop().await.unwrap();
    let tickets = command(&nats, database.url()).spawn().await.unwrap();
    eventually("it says what it waits for", READY, async || match tickets.get("/readyz").await {
        Ok((503, text)) if text.contains("nats") && text.contains("postgres") => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    assert_eq!(tickets.get("/livez").await.unwrap().0, 200);
    postgres.restart().await.unwrap();
    nats.restart().await.unwrap();
    tickets.ready(READY).await.unwrap();
    tickets.terminate().unwrap();
    let status = tickets.wait_exit(Duration::from_secs(25)).await.unwrap();
    assert_eq!(status.code(), Some(0), "{}", tickets.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_binary_asks_its_own_process_whether_it_is_alive_and_takes_no_other_argument() {
    let ask = async |argument: &str, http_url: &str| {
        let address = http_url.strip_prefix("http://").unwrap().to_owned();
        let asking =
            ServiceProcess::command("tickets").arg(argument).env("HTTP_ADDR", address).spawn().await.unwrap();
        (asking.wait_exit(READY).await.unwrap().code(), asking.log())
    };
    let tickets = ServiceProcess::command("tickets")
        .env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")
        .env("NATS_URL", "nats://127.0.0.1:1")
        .env("JWT_KEY", "k")
        .spawn()
        .await
        .unwrap();
    eventually("it answers", READY, async || {
        tickets.get("/livez").await.map_err(|error| format!("{error:#}"))
    })
    .await;
    // Its servers are away, which a restart would not mend.
    assert_eq!(ask("healthcheck", &tickets.http_url()).await, (Some(0), String::new()));
    tickets.kill().await.unwrap();
    let (code, log) = ask("healthcheck", &tickets.http_url()).await;
    assert!(code == Some(1) && log.contains("is not healthy"), "{code:?}: {log}");
    let (code, log) = ask("--help", "http://127.0.0.1:1").await;
    assert!(code == Some(64) && log.contains("healthcheck") && log.contains("--help"), "{code:?}: {log}");
}

#[tokio::test]
async fn every_setting_that_is_missing_or_wrong_is_reported_at_once_with_exit_64() {
    let tickets = ServiceProcess::command("tickets")
        .env("DATABASE_URL", "mysql://u:s3cret@db/tickets")
        .env("JWT_KEY", "s3cret,")
        .env("NATS_REPLICAS", "many")
        .spawn()
        .await
        .unwrap();
    let status = tickets.wait_exit(READY).await.unwrap();
    let log = tickets.log();
    assert_eq!(status.code(), Some(64), "{log}");
    for name in ["DATABASE_URL", "JWT_KEY", "NATS_REPLICAS"] {
        assert!(log.contains(name), "{name} is not in:\n{log}");
    }
    assert!(!log.contains("s3cret"), "{log}");
}
