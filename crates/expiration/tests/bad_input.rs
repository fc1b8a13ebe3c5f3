//! What `expiration` does with messages and settings that are wrong.

mod support;

use std::{collections::BTreeMap, time::Duration};

use common::event::Id;
use support::{LONG, World, in_ms, order_created};
use testkit::{ServiceProcess, eventually};

fn with_expiry(expires_at: &str) -> String {
    format!(
        r#"{{"id":"{}","version":0,"status":"created","userId":"u","expiresAt":{expires_at},"ticket":{{"id":"t","price":20}}}}"#,
        Id::generate()
    )
}

#[tokio::test]
async fn poison_becomes_dead_letters_once_and_does_not_delay_the_good_ones_behind_it() {
    let world = World::start().await;
    let good = Id::generate();
    let valid = order_created(&good, 0);
    let poison = [
        ("not JSON", "{".to_owned(), "EOF"),
        ("another type", valid.replace(r#""version":0"#, r#""version":"0""#), "version"),
        ("a missing field", valid.replace(r#""expiresAt""#, r#""expires""#), "expiresAt"),
        ("an id with illegal characters", valid.replace(good.as_str(), "a b"), "id"),
        ("an id that is too long", valid.replace(good.as_str(), &"a".repeat(65)), "id"),
        ("the year 9999", with_expiry(r#""9999-12-31T23:59:59.999Z""#), "EXPIRATION_MAX_DELAY"),
        ("not a date", with_expiry(r#""soon""#), "expiresAt"),
        ("a number for a date", with_expiry("1763775444000"), "expiresAt"),
        ("not UTF-8 as text", "\u{0}\u{1}".to_owned(), "not a valid order:created"),
        (
            "an array",
            r#"["a",0,"created","u","2026-01-31T12:00:00.000Z",["t",20]]"#.to_owned(),
            "not an object",
        ),
        ("a megabyte", format!("{{\"id\":[{}", "1,".repeat(500_000)), "id"),
    ];
    let mut sequences = BTreeMap::new();
    for (what, body, reason) in &poison {
        sequences.insert(world.publish("order:created", body).await, (*what, *reason));
    }
    world.order_again(&good, 0).await;
    let worker = world.worker("expiration-1").await;
    world.fires_exactly(&BTreeMap::from([(good, 0)])).await;

    let letters = eventually("every poison message is a dead letter", LONG, async || {
        let letters = world.dead_letters().await;
        (letters.len() >= poison.len()).then_some(()).ok_or(format!(
            "{} of {}",
            letters.len(),
            poison.len()
        ))?;
        Ok(letters)
    })
    .await;
    assert_eq!(letters.len(), poison.len(), "each once");
    for (sequence, (what, part)) in &sequences {
        let subject = format!("dead-letter.expiration-order-created.{sequence}");
        let letter = letters.iter().find(|letter| letter.subject.as_str() == subject);
        let letter = letter.unwrap_or_else(|| panic!("{what} has no dead letter"));
        let reason = letter.headers.as_ref().unwrap().get("dead-letter-reason").unwrap().as_str();
        assert!(reason.contains(part), "{what}: {reason}");
    }
    world.is_drained().await;
    drop(worker);
    // A later worker finds nothing to do and adds nothing.
    let _second = world.worker("expiration-2").await;
    world.is_drained().await;
    assert_eq!(world.dead_letters().await.len(), poison.len());
}

#[tokio::test]
async fn a_timer_may_be_as_long_as_the_settings_allow_and_no_longer() {
    let world = World::start().await;
    let worker = world.command("expiration-1").env("EXPIRATION_MAX_DELAY", "2h").spawn().await.unwrap();
    worker.ready(LONG).await.unwrap();
    world.orders([in_ms(2 * 3_600_000 - 60_000), in_ms(2 * 3_600_000 + 60_000)]).await;
    world.has_scheduled(1).await;
    eventually("the other one is a dead letter", LONG, async || {
        let letters = world.dead_letters().await.len();
        (letters == 1).then_some(()).ok_or(format!("{letters} dead letters"))
    })
    .await;
}

#[tokio::test]
async fn every_mistake_in_the_settings_is_told_at_once_with_exit_64() {
    let wrong = [
        ("NATS_URL", "ftp://nats"),
        ("NATS_CLUSTER_ID", "a.b"),
        ("NATS_REPLICAS", "9"),
        ("REDIS_URL", "mysql://secret@redis"),
        ("EXPIRATION_MAX_DELAY", "366"),
        ("SHUTDOWN_TIMEOUT", "soon"),
        ("LOG_FORMAT", "xml"),
        ("RUST_LOG", "info,=,"),
    ];
    let mut command = ServiceProcess::command("expiration").name("misconfigured");
    for (name, value) in wrong {
        command = command.env(name, value);
    }
    let process = command.spawn().await.unwrap();
    assert_eq!(process.wait_exit(Duration::from_secs(20)).await.unwrap().code(), Some(64));
    let told = process.log();
    for (name, _) in wrong {
        assert!(told.contains(name), "{name} is not in\n{told}");
    }
    assert!(!told.contains("secret"), "{told}");
}

#[tokio::test]
async fn redis_is_named_by_url_or_by_host_but_not_by_both() {
    let both = ServiceProcess::command("expiration")
        .env("REDIS_URL", "redis://a")
        .env("REDIS_HOST", "b")
        .spawn()
        .await
        .unwrap();
    assert_eq!(both.wait_exit(Duration::from_secs(20)).await.unwrap().code(), Some(64));
    assert!(both.log().contains("REDIS_HOST"), "{}", both.log());
    let bad = ServiceProcess::command("expiration").env("REDIS_HOST", "redis://b/1").spawn().await.unwrap();
    assert_eq!(bad.wait_exit(Duration::from_secs(20)).await.unwrap().code(), Some(64));
}

#[tokio::test]
async fn the_older_systems_variables_work_as_they_are() {
    let world = World::start().await;
    let nats = world.nats.url().replace("nats://", "http://");
    let host = format!("127.0.0.1:{}", world.redis.port());
    let worker = ServiceProcess::command("expiration")
        .env("NATS_URL", nats)
        .env("NATS_CLUSTER_ID", support::CLUSTER)
        .env("NATS_CLIENT_ID", "expiration-depl-7d9f")
        .env("REDIS_HOST", host)
        .spawn()
        .await
        .unwrap();
    worker.ready(LONG).await.unwrap();
    let orders = world.orders([in_ms(100)]).await;
    world.fires_exactly(&orders).await;
}
