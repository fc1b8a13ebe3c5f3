//! What is shown, and how it ends when there is nothing to show.

use std::time::{Duration, Instant};

use testkit::{Nats, free_port};

use crate::world::{on, run, wanted};

#[tokio::test]
async fn on_an_empty_broker_all_is_missing_until_it_is_applied() {
    let nats = Nats::start().await.unwrap();
    for arguments in [&[][..], &["show"]] {
        let shown = on(&nats, arguments).await;
        assert_eq!(shown.code, 3, "{shown:?}");
        assert_eq!(shown.stdout.matches(": missing").count(), 6 + 15, "{shown:?}");
        assert!(shown.stdout.contains("21 of 21 differ: `topology apply`"), "{shown:?}");
    }
    let applied = on(&nats, &["apply"]).await;
    assert_eq!(applied.code, 0, "{applied:?}");
    assert!(applied.stdout.contains("21 created, 0 changed, 0 were as wanted"), "{applied:?}");
    let shown = on(&nats, &[]).await;
    assert_eq!(shown.code, 0, "{shown:?}");
    assert_eq!(shown.stdout.matches(": as wanted").count(), 21, "{shown:?}");
    assert!(shown.stdout.contains("all 21 are as wanted"), "{shown:?}");
}

#[tokio::test]
async fn the_document_says_the_same_as_the_text() {
    let nats = Nats::start().await.unwrap();
    let shown = on(&nats, &["--json"]).await;
    assert_eq!(shown.code, 3, "{shown:?}");
    let document = shown.json();
    assert_eq!((&document["cluster"], &document["differs"]), (&"c".into(), &true.into()), "{document:#}");
    let items = document["items"].as_array().unwrap();
    assert!(items.len() == 21 && items.iter().all(|item| item["state"] == "missing"), "{document:#}");
    assert_eq!(items[0]["name"], wanted().streams()[0].name, "{document:#}");
    let applied = on(&nats, &["apply", "--json"]).await.json();
    assert_eq!((&applied["differs"], &applied["items"][20]["state"]), (&false.into(), &"created".into()));
    assert_eq!(on(&nats, &["show", "--json"]).await.json()["differs"], false);
}

#[tokio::test]
async fn every_mistake_in_the_environment_is_reported_at_once() {
    let env = [("NATS_URL", "redis://x"), ("NATS_CLUSTER_ID", "a.b"), ("NATS_REPLICAS", "9")];
    let ended = run(&["apply"], &env).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (64, ""), "{ended:?}");
    for told in ["3 mistakes", "NATS_URL", "NATS_CLUSTER_ID", "NATS_REPLICAS"] {
        assert!(ended.stderr.contains(told), "{ended:?}");
    }
}

#[tokio::test]
async fn a_broker_that_does_not_answer_is_waited_for_and_named() {
    let url = format!("nats://admin:hunter2@127.0.0.1:{}", free_port().unwrap());
    let begun = Instant::now();
    let ended = run(&[], &[("NATS_URL", &url)]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (1, ""), "{ended:?}");
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(9) && waited < Duration::from_secs(30), "{waited:?}");
    let address = url.split('@').next_back().unwrap();
    assert!(ended.stderr.contains(address) && ended.stderr.contains("NATS_URL"), "{ended:?}");
    assert!(!ended.stderr.contains("hunter2"), "{ended:?}");
}

#[tokio::test]
async fn a_broker_that_comes_up_meanwhile_is_used() {
    let nats = Nats::start().await.unwrap();
    nats.stop().await.unwrap();
    let (shown, ()) = tokio::join!(on(&nats, &[]), async { nats.restart().await.unwrap() });
    assert_eq!(shown.code, 3, "{shown:?}");
}
