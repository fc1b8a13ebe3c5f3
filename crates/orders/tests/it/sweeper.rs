//! The second timer.

use std::time::Duration;

use chrono::TimeDelta;
use common::clock;
use orders::{
    sweeper::{BATCH, Sweeper},
    watermark::{Watermark, Watermarks},
};
use process::health::Health;

use crate::world::{QUARTER, World, payment, sweeper};

#[tokio::test]
async fn the_sweeper_cancels_what_is_overdue_by_more_than_the_grace_and_nothing_else() {
    let world = World::new().await;
    let overdue = world.overdue(Duration::from_secs(11)).await;
    let within_the_grace = world.overdue(Duration::from_secs(5)).await;
    let early = world.order(QUARTER).await;
    let paid = world.overdue(Duration::from_secs(60)).await;
    world.store.pay(&[&payment(&paid.id)]).await.unwrap();

    let sweeper = sweeper(&world);
    assert_eq!(sweeper.run_once().await.unwrap(), 1);
    assert_eq!(sweeper.run_once().await.unwrap(), 0);
    for (order, status) in
        [(overdue, "cancelled"), (within_the_grace, "created"), (early, "created"), (paid, "complete")]
    {
        assert_eq!(world.row(&order.id).await.status, status);
    }
    assert_eq!(world.published("order:cancelled").await.len(), 1);
}

#[tokio::test]
async fn one_sweep_goes_on_until_nothing_is_overdue() {
    let world = World::new().await;
    let orders = 2 * BATCH + 17;
    world.many_overdue(orders as i64, Duration::from_secs(11)).await;
    assert_eq!(sweeper(&world).run_once().await.unwrap(), orders);
    assert_eq!(world.count("cancelled").await, orders as i64);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sweepers_cancel_each_order_once() {
    let world = World::new().await;
    let orders = 2 * BATCH;
    world.many_overdue(orders as i64, Duration::from_secs(11)).await;
    let (one, two) = (sweeper(&world), sweeper(&world));
    let (one, two) = tokio::join!(one.run_once(), two.run_once());
    let left = sweeper(&world).run_once().await.unwrap();
    assert_eq!(one.unwrap() + two.unwrap() + left, orders);
    assert_eq!(world.published("order:cancelled").await.len(), orders);
}

#[tokio::test]
async fn the_sweeper_leaves_alone_what_expired_after_the_last_payment_that_was_seen() {
    let world = World::new().await;
    let before = world.overdue(Duration::from_secs(60)).await;
    let since = world.overdue(Duration::from_secs(15)).await;
    let seen = Watermark::At(clock::now() - Duration::from_secs(30));
    for (watermark, swept) in [(Watermark::Unknown, 0), (seen, 1), (Watermark::Waived, 1)] {
        let sweeper = Sweeper::new(world.store.clone(), Watermarks::fixed(watermark));
        assert_eq!(sweeper.run_once().await.unwrap(), swept, "{watermark:?}");
        let status = if watermark == Watermark::Waived { "cancelled" } else { "created" };
        assert_eq!(world.row(&since.id).await.status, status);
    }
    assert_eq!(world.row(&before.id).await.status, "cancelled");
}

#[tokio::test]
async fn a_sweeper_that_is_held_leaves_everything_alone_until_it_is_released_or_the_time_is_over() {
    let world = World::new().await;
    let health = Health::new();
    let sweeper = sweeper(&world).with_remark(health.register_remark("the sweeper"));
    let hold = async |seconds: i64| {
        let until = world.store.now().await.unwrap() + TimeDelta::seconds(seconds);
        world.store.hold_sweeper(Some(until)).await.unwrap();
    };
    let mut swept = Vec::new();
    for seconds in [60, -1] {
        world.overdue(Duration::from_secs(11)).await;
        hold(seconds).await;
        assert_eq!(world.store.sweeper_hold().await.unwrap().is_some(), seconds > 0);
        swept.push(sweeper.run_once().await.unwrap());
    }
    assert_eq!(swept, [0, 2], "when the time is over, what waited is swept");
    world.overdue(Duration::from_secs(11)).await;
    hold(60).await;
    assert_eq!(sweeper.run_once().await.unwrap(), 0);
    let remarks = health.remarks();
    assert!(remarks.len() == 1 && remarks[0].starts_with("the sweeper is held until 2"), "{remarks:?}");
    world.store.hold_sweeper(None).await.unwrap();
    assert_eq!(sweeper.run_once().await.unwrap(), 1);
    assert_eq!(health.remarks(), [""; 0]);
}
