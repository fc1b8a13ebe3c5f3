//! Messages that a consumer gave up, and money that is owed.

use std::time::Duration;

use platform::OPERATOR_TOKEN;
use serde_json::Value;
use testkit::eventually;

use crate::{
    fleet::{command, ended},
    world::{SOON, World},
};

impl World {
    /// Waits until there are so many dead letters; the newest comes first.
    async fn letters(&self, count: u64) -> Vec<Value> {
        eventually("there are so many dead letters", SOON, async || {
            let page = self.fleet("dead-letters list --json").await.with(0).json();
            let letters = page["letters"].as_array().cloned().unwrap_or_default();
            (page["total"].as_u64() == Some(count)).then_some(letters).ok_or_else(|| page.to_string())
        })
        .await
    }
}

#[tokio::test]
async fn a_dead_letter_is_looked_at_mended_and_replayed_and_others_are_discarded_together() {
    let world = World::start(Duration::from_secs(900)).await;
    world.publish("payment:created", "{\"id\": oops").await;
    let first = world.letters(1).await[0]["sequence"].to_string();
    let shown = world.fleet(&format!("dead-letters show {first}")).await.with(0).stdout;
    for part in
        ["consumer  orders-payment-created", "subject   payment:created", "body\n{\"id\": oops", "problem"]
    {
        assert!(shown.contains(part), "{part:?} is not in:\n{shown}");
    }
    let groups = world.fleet("dead-letters groups").await.with(0).stdout;
    assert!(groups.contains("orders-payment-created"), "{groups}");

    // As it is it fails again, and is counted.
    world.fleet(&format!("dead-letters replay {first}")).await.with(0);
    let again = eventually("it fails again", SOON, async || {
        let page = world.fleet("dead-letters list --json").await.with(0).json();
        let letter = page["letters"][0].clone();
        (letter["replays"] == 1).then_some(letter).ok_or_else(|| page.to_string())
    })
    .await;
    let again = again["sequence"].to_string();
    let line = format!("dead-letters replay {again} --body -");
    let refused = world.fleet_with(&line, "{\"id\": 5}").await.with(2);
    assert!(refused.stderr.contains("body"), "{refused:?}");

    // In an editor it becomes the payment of an order that nobody knows, which is owed then.
    let edit = ["dead-letters", "replay", &again, "--edit", "--note", "garbled"];
    let mut edit = command(&world.console(), OPERATOR_TOKEN, &edit);
    let body = r#"{"id":"5c0ffee05c0ffee05c0ffee0","orderId":"5c0ffee15c0ffee15c0ffee1","stripeId":"pi_1"}"#;
    edit.env("EDITOR", format!("sh -c 'echo '\"'\"'{body}'\"'\"' > \"$0\"'"));
    ended(edit).await.with(0);
    world.letters(0).await;
    world.fleet(&format!("dead-letters show {again}")).await.with(4);
    let owed = eventually("it is owed", SOON, async || {
        let owed = world.fleet("payments owed").await.with(0).stdout;
        owed.contains("5c0ffee05c0ffee05c0ffee0").then_some(owed.clone()).ok_or(owed)
    })
    .await;
    assert!(owed.contains("pi_1"), "{owed}");
    world.fleet("payments settle 5c0ffee05c0ffee05c0ffee0 --note refunded").await.with(0);
    assert_eq!(world.fleet("payments owed").await.with(0).stdout, "no money is owed\n");
    world.fleet("payments settle no-such-payment --note x").await.with(4);

    for number in 0..3 {
        world.publish("payment:created", &format!("poison {number}")).await;
    }
    world.letters(3).await;
    let line = "dead-letters discard --consumer orders-payment-created --note nonsense";
    let counted = world.fleet(line).await.with(0).stdout;
    assert!(counted.starts_with("would discard 3 dead letters\n"), "{counted}");
    world.fleet(&format!("{line} --yes --count 4")).await.with(5);
    let one = world.letters(3).await[0]["sequence"].to_string();
    world.fleet(&format!("dead-letters discard {one} --note one --json")).await.with(0).json();
    world.fleet(&format!("{line} --yes --count 2")).await.with(0);
    world.letters(0).await;
}
