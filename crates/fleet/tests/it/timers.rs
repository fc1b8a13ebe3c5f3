//! Timers of real orders, one and many, and the pause.

use std::time::Duration;

use testkit::eventually;

use crate::world::{SOON, World};

#[tokio::test]
async fn an_order_gets_more_time_and_is_cancelled_and_then_it_is_too_late() {
    let world = World::start(Duration::from_secs(900)).await;
    let order = world.order().await;
    let moved =
        world.fleet(&format!("timers move {order} --by 10m --note asked --json")).await.with(0).json();
    assert_eq!((moved["id"].as_str(), moved["decider"].as_str()), (Some(order.as_str()), Some("orders")));
    assert!(moved["after"].as_str() > moved["before"].as_str(), "{moved}");
    let earlier = world.fleet(&format!("timers move {order} --by -5m")).await.with(2);
    assert_ne!(earlier.stderr, "");
    let text = world.fleet(&format!("timers cancel {order} --note gone")).await.with(0).stdout;
    assert!(text.starts_with(&format!("{order}: ")), "{text}");
    assert_eq!(world.status(&order).await, "cancelled");
    for line in ["timers move ORDER --by 10m", "timers move ORDER --to 12:00"] {
        world.fleet(&line.replace("ORDER", &order)).await.with(5);
    }
    world.fleet("timers fire nothing-like-it").await.with(4);
    world.fleet("order never-was").await.with(4);
    let told = world.fleet(&format!("order {order}")).await.with(0).stdout;
    assert!(told.contains("cancelled ") && told.contains("operator") && told.contains("asked"), "{told}");
    let audit = world.fleet("audit --action moveTimer").await.with(0).stdout;
    assert!(audit.contains(&format!("order {order}")) && audit.contains("asked"), "{audit}");
}

#[tokio::test]
async fn many_are_counted_first_and_only_the_right_count_does_it() {
    let world = World::start(Duration::from_secs(900)).await;
    let orders = [world.order().await, world.order().await, world.order().await];
    eventually("all timers are set", SOON, async || {
        let page = world.fleet("timers list --json").await.with(0).json();
        let count = page["timers"].as_array().map(Vec::len);
        (count == Some(3)).then_some(()).ok_or_else(|| page.to_string())
    })
    .await;
    let line = "timers cancel --due-from now --due-to 1h --note flood";
    let counted = world.fleet(line).await.with(0).stdout;
    assert!(
        counted.starts_with("would cancel 3 timers\n") && counted.contains("--yes --count 3"),
        "{counted}"
    );
    assert!(orders.iter().all(|order| counted.contains(order.as_str())), "{counted}");
    let plan = world.fleet(&format!("{line} --json")).await.with(0).json();
    assert_eq!((plan["count"].as_u64(), plan["state"].as_str()), (Some(3), Some("planned")));
    let refused = world.fleet(&format!("{line} --yes --count 2")).await.with(5);
    assert_eq!(refused.stdout, "");
    for order in &orders {
        assert_eq!(world.status(order).await, "created");
    }

    // One of them by a file, by the plan that was made, and the rest by its count.
    let ids = format!("{}\n", orders[0]);
    let plan = world.fleet_with("timers fire --ids-from - --json", &ids).await.with(0).json();
    assert_eq!(plan["samples"][0].as_str(), Some(orders[0].as_str()));
    let id = plan["id"].as_str().unwrap();
    world.fleet(&format!("operations confirm {id} --count 1")).await.with(0);
    assert_eq!(world.status(&orders[0]).await, "cancelled");
    let shown = world.fleet(&format!("operations show {id}")).await.with(0).stdout;
    assert!(shown.contains("fire 1 timer, done") && shown.contains("1 done"), "{shown}");
    world.fleet(&format!("operations confirm {id} --count 1")).await.with(5);
    eventually("its timer is gone", SOON, async || {
        let page = world.fleet("timers list --json").await.with(0).json();
        (page["timers"].as_array().map(Vec::len) == Some(2)).then_some(()).ok_or_else(|| page.to_string())
    })
    .await;
    let done = world.fleet(&format!("{line} --yes --count 2")).await.with(0);
    assert!(done.stdout.contains("cancel 2 timers, done") && done.stderr.contains("2 of 2"), "{done:?}");
    for order in &orders {
        assert_eq!(world.status(order).await, "cancelled");
    }
    let list = world.fleet("operations list").await.with(0).stdout;
    assert!(list.contains("cancel timers") && list.contains("fire timers"), "{list}");
    world.fleet("operations show nothing-like-it").await.with(4);
}

#[tokio::test]
async fn a_pause_holds_what_falls_due_until_it_is_ended() {
    let world = World::start(Duration::from_secs(3)).await;
    let paused = world.fleet("pause --for 10m --rate 100 --note deploy").await.with(0).stdout;
    assert!(paused.starts_with("paused by operator until ") && paused.contains("100 a second"), "{paused}");
    let order = world.order().await;
    eventually("it is due and waits", SOON, async || {
        let status = world.fleet("status --json").await.json();
        let is_due = status["schedule"]["due"] == 1 && status["schedule"]["pause"]["paused"] == true;
        is_due.then_some(()).ok_or_else(|| status.to_string())
    })
    .await;
    assert_eq!(world.status(&order).await, "created");
    world.fleet("resume --json").await.with(0).json();
    eventually("it is cancelled", SOON, async || {
        let status = world.status(&order).await;
        (status == "cancelled").then_some(()).ok_or(status)
    })
    .await;
    world.fleet("pause --until 2020-01-01T00:00:00Z").await.with(2);
}
