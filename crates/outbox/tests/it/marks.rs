//! A mark is never younger than what may be lacking behind its place.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    waits::{relay_all, told_again},
    world::World,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_is_as_old_as_the_oldest_transaction_that_is_open_while_it_is_made() {
    let world = World::new().await;
    let relay = world.relay();
    world.changes(3).await;
    relay_all(&relay).await;
    let mut slow = world.pool.begin().await.unwrap();
    let begun: DateTime<Utc> = sqlx::query_scalar("select now()").fetch_one(&mut *slow).await.unwrap();
    let late = world.change(&mut slow).await;
    // Something that begins later, and is told by the time of the mark.
    let events = world.changes(1).await;
    relay_all(&relay).await;
    world.mark().await;
    let since: DateTime<Utc> = sqlx::query_scalar("select since from outbox_marks order by id desc limit 1")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert!(since <= begun - TimeDelta::seconds(10), "{since} is later than {begun}");
    slow.commit().await.unwrap();

    let copy = world.nats.snapshot_files().await.unwrap();
    relay_all(&relay).await;
    world.nats.restore_files(&copy).await.unwrap();
    told_again(&world).await;
    relay_all(&world.relay()).await;
    let messages = world.messages().await;
    for event in events.iter().chain([&late]) {
        assert!(messages.contains_key(&serde_json::to_string(event).unwrap()));
    }
}

#[tokio::test]
async fn a_mark_is_as_old_as_what_waits_in_the_outbox() {
    let world = World::new().await;
    relay_all(&world.relay()).await;
    world.use_stream_of(&["order:created", "order:cancelled"]).await;
    sqlx::query(
        "insert into outbox (subject, payload, changed_at) values ('order:refunded', '{}', now() - interval '2 hours'),
                                                                  ('order:refunded', '{}', null)",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    world.mark().await;
    let is_old: bool = sqlx::query_scalar(
        "select since < now() - interval '119 minutes' from outbox_marks order by id desc limit 1",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert!(is_old);
}
