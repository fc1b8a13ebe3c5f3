//! What is committed is told, whatever dies in between.

use std::time::Duration;

use common::traceparent::Traceparent;
use outbox::{BATCH, enqueue};
use testkit::{Postgres, eventually};

use crate::{
    running::Running,
    world::{World, event},
};

const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn an_event_is_published_with_the_id_of_its_row_and_its_trace_and_then_its_row_is_gone() {
    let world = World::new().await;
    let (event, traceparent) = (event(), Traceparent::generate());
    let mut transaction = world.pool.begin().await.unwrap();
    enqueue(&mut transaction, &event, Some(&traceparent)).await.unwrap();
    transaction.commit().await.unwrap();
    let id: String = sqlx::query_scalar("select id::text from outbox").fetch_one(&world.pool).await.unwrap();

    // The first attempt finds no stream and makes one.
    relay_all(&world).await;
    let message = world.stream().await.get_raw_message(1).await.unwrap();
    assert_eq!(message.subject.as_str(), "order:cancelled");
    assert_eq!(message.payload, serde_json::to_string(&event).unwrap());
    assert_eq!(message.headers.get("Nats-Msg-Id").unwrap().as_str(), id);
    assert_eq!(message.headers.get("traceparent").unwrap().as_str(), traceparent.to_string());
    assert_eq!(message.headers.len(), 2);
    assert_eq!((world.depth().await, world.stored().await), (0, 1));
}

#[tokio::test]
async fn an_event_of_a_transaction_that_rolls_back_is_never_published() {
    let world = World::new().await;
    let mut transaction = world.pool.begin().await.unwrap();
    enqueue(&mut transaction, &event(), None).await.unwrap();
    transaction.rollback().await.unwrap();
    let pass = world.relay().run_once().await.unwrap();
    assert_eq!((pass.taken, pass.stored), (0, 0));
}

#[tokio::test]
async fn an_event_that_commits_after_a_later_one_is_published_all_the_same() {
    let world = World::new().await;
    let (slow, fast) = (event(), event());
    let mut first = world.pool.begin().await.unwrap();
    enqueue(&mut first, &slow, None).await.unwrap();
    let mut second = world.pool.begin().await.unwrap();
    enqueue(&mut second, &fast, None).await.unwrap();
    second.commit().await.unwrap();
    relay_all(&world).await;
    world.check_told_once(std::slice::from_ref(&fast)).await;
    first.commit().await.unwrap();
    relay_all(&world).await;
    world.check_told_once(&[slow, fast]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_relays_share_the_work_and_publish_each_event_once() {
    let world = World::new().await;
    relay_all(&world).await;
    let events = world.enqueue(3 * BATCH + 7).await;
    let relays: Vec<_> = (0..3)
        .map(|_| {
            let relay = world.relay();
            tokio::spawn(async move {
                let mut stored = 0;
                loop {
                    let pass = relay.run_once().await.unwrap();
                    stored += pass.stored;
                    if pass.taken == 0 {
                        return stored;
                    }
                }
            })
        })
        .collect();
    let mut stored = 0;
    for relay in relays {
        stored += relay.await.unwrap();
    }
    relay_all(&world).await;
    world.check_told_once(&events).await;
    assert!(stored <= events.len(), "{stored} rows were deleted, of {}", events.len());
    assert_eq!(world.depth().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_dies_between_publish_and_commit_publishes_again_and_nothing_is_stored_twice() {
    let world = World::new().await;
    let events = world.enqueue(20).await;
    // Deleting waits for a lock that the test holds: the events are published by then, and not committed as told.
    sqlx::raw_sql(
        "create function wait() returns trigger language plpgsql
           as $$ begin perform pg_advisory_xact_lock(1); return old; end $$;
         create trigger wait before delete on outbox for each row execute function wait();",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    let mut lock = world.pool.acquire().await.unwrap();
    sqlx::query("select pg_advisory_lock(1)").execute(&mut *lock).await.unwrap();

    // The first pass finds no stream and makes one, with nothing to delete.
    assert_eq!(world.relay().run_once().await.unwrap().stored, 0);
    let relay = world.relay();
    let dying = tokio::spawn(async move { relay.run_once().await });
    eventually("all are published", LIMIT, async || match world.stored().await {
        20 => Ok(()),
        other => Err(format!("{other} published")),
    })
    .await;
    assert_eq!(world.depth().await, 20);
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    sqlx::query("select pg_advisory_unlock(1)").execute(&mut *lock).await.unwrap();

    // On a busy machine a pass may have the PubAcks of some of them only, and the next one those of the others.
    let mut told = 0;
    eventually("the dead relay's rows are free, and told", LIMIT, async || {
        let pass = world.relay().run_once().await.map_err(|error| format!("{error:#}"))?;
        told += pass.stored;
        if told == 20 { Ok(()) } else { Err(format!("{told} told; {pass:?}")) }
    })
    .await;
    assert_eq!(world.depth().await, 0);
    world.check_told_once(&events).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_wait_for_a_broker_that_is_away_and_go_out_by_themselves_when_it_is_back() {
    let world = World::new().await;
    let running = Running::start(&world);
    let mut events = world.enqueue(10).await;
    world.wake.ring();
    drained(&world).await;
    world.nats.kill().await.unwrap();
    events.extend(world.enqueue(700).await);
    world.wake.ring();
    let pass = world.relay().run_once().await.unwrap();
    assert_eq!(pass.stored, 0);
    assert_eq!(world.depth().await, 700);

    world.nats.restart().await.unwrap();
    drained(&world).await;
    world.check_told_once(&events).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_whose_data_was_wiped_is_used_again_without_a_restart() {
    let world = World::new().await;
    let running = Running::start(&world);
    world.enqueue(10).await;
    drained(&world).await;
    world.nats.wipe_and_restart().await.unwrap();
    let events = world.enqueue(10).await;
    drained(&world).await;
    world.check_told_once(&events).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_relay_goes_on_by_itself_after_postgres_was_killed() {
    let postgres = Postgres::start().await.unwrap();
    let world = World::on(&postgres).await;
    let running = Running::start(&world);
    world.enqueue(10).await;
    drained(&world).await;
    postgres.kill().await.unwrap();
    postgres.restart().await.unwrap();
    let enqueued = async || match world.pool.begin().await {
        Ok(mut transaction) => {
            enqueue(&mut transaction, &event(), None).await.map_err(|error| error.to_string())?;
            transaction.commit().await.map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    eventually("Postgres takes an event", LIMIT, enqueued).await;
    drained(&world).await;
    assert_eq!(world.stored().await, 11);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_stops_publishes_what_was_committed_last() {
    let world = World::new().await;
    let running = Running::start(&world);
    world.enqueue(1).await;
    drained(&world).await;
    let last = world.enqueue(2 * BATCH).await;
    running.stop().await;
    assert_eq!(world.depth().await, 0);
    assert_eq!(world.stored().await, last.len() as u64 + 1);
}

#[tokio::test]
async fn an_event_that_only_a_newer_version_knows_is_left_to_that_one() {
    let world = World::new().await;
    sqlx::query("insert into outbox (subject, payload) values ('order:refunded', '{}')")
        .execute(&world.pool)
        .await
        .unwrap();
    let events = world.enqueue(3).await;
    relay_all(&world).await;
    world.check_told_once(&events).await;
    assert_eq!(world.depth().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_the_broker_never_takes_are_set_aside_and_stop_none_behind_them() {
    let world = World::new().await;
    relay_all(&world).await;
    let limit = world.nats_max_payload();
    sqlx::query("insert into outbox (subject, payload) select 'order:cancelled', repeat('x', $1) from generate_series(1, $2)")
        .bind(limit as i32 + 1)
        .bind(BATCH as i32 + 1)
        .execute(&world.pool)
        .await
        .unwrap();
    let events = world.enqueue(3).await;
    relay_all(&world).await;
    world.check_told_once(&events).await;
    let set_aside: (i64, i32, bool) = sqlx::query_as(
        "select count(*), max(failures), bool_and(retry_at > now() + interval '1 second') from outbox",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(set_aside, (BATCH as i64 + 1, 1, true));

    // Later each is tried again, under the id that it had, and waits for twice as long.
    sqlx::query("update outbox set retry_at = now()").execute(&world.pool).await.unwrap();
    relay_all(&world).await;
    let again: (i64, i32, bool) = sqlx::query_as(
        "select count(distinct id), min(failures), bool_and(retry_at > now() + interval '6 seconds') from outbox",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    assert_eq!(again, (BATCH as i64 + 1, 2, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_the_stream_refuses_is_set_aside_and_told_once_the_stream_takes_it() {
    let world = World::new().await;
    let mut events = world.enqueue(1).await;
    relay_all(&world).await;
    world.take_messages_up_to(50).await;
    events.extend(world.enqueue(1).await);
    let pass = world.relay().run_once().await.unwrap();
    assert_eq!((pass.taken, pass.stored, pass.set_aside), (1, 0, 1), "{pass:?}");
    assert!(pass.failure.is_none(), "{pass:?}");
    world.take_messages_up_to(-1).await;
    assert_eq!(world.relay().run_once().await.unwrap().taken, 0, "it is not its time yet");
    sqlx::query("update outbox set retry_at = now()").execute(&world.pool).await.unwrap();
    relay_all(&world).await;
    world.check_told_once(&events).await;
    assert_eq!(world.depth().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_the_stream_of_an_earlier_release_does_not_have_stop_none_behind_them() {
    let world = World::new().await;
    world.use_stream_of(&["order:created", "order:cancelled"]).await;
    world.enqueue_completed(BATCH + 1).await;
    let behind = world.enqueue(3).await;
    let relay = world.relay();
    eventually("those behind are told", LIMIT, async || {
        let pass = relay.run_once().await.map_err(|error| format!("{error:#}"))?;
        if world.stored().await == 3 { Ok(()) } else { Err(format!("{pass:?}")) }
    })
    .await;
    world.check_told_once(&behind).await;

    world.use_stream_of(&["order:created", "order:cancelled", "order:completed", "payment:rejected"]).await;
    sqlx::query("update outbox set retry_at = now()").execute(&world.pool).await.unwrap();
    relay_all(&world).await;
    assert_eq!((world.stored().await, world.depth().await), (BATCH as u64 + 4, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_sets_no_event_aside() {
    let world = World::new().await;
    relay_all(&world).await;
    world.nats.kill().await.unwrap();
    world.enqueue(5).await;
    let pass = world.relay().run_once().await.unwrap();
    assert_eq!((pass.taken, pass.stored, pass.set_aside), (5, 0, 0), "{pass:?}");
    let failures: i64 =
        sqlx::query_scalar("select sum(failures) from outbox").fetch_one(&world.pool).await.unwrap();
    assert_eq!(failures, 0);
    world.nats.restart().await.unwrap();
    relay_all(&world).await;
    assert_eq!(world.depth().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_stays_short_however_long_a_snapshot_keeps_what_was_told() {
    const TOLD: usize = 6 * BATCH;
    let world = World::new().await;
    let mut dump = world.pool.begin().await.unwrap();
    sqlx::raw_sql("set transaction isolation level repeatable read; select 1")
        .execute(&mut *dump)
        .await
        .unwrap();
    let running = Running::start(&world);
    let events = world.enqueue(TOLD).await;
    world.wake.ring();
    drained(&world).await;
    // Index entries that a look walks over: those that are dead to it are walked over too.
    let walked = async || -> (i64, i64) {
        sqlx::query_as(
            "select idx_scan, idx_tup_read from pg_stat_user_indexes where indexrelname = 'outbox_pkey'",
        )
        .fetch_one(&world.pool)
        .await
        .unwrap()
    };
    let mut before = walked().await;
    eventually("looks are short", LIMIT, async || {
        let now = walked().await;
        let (looks, entries) = (now.0 - before.0, now.1 - before.1);
        if looks < 8 {
            return Err(format!("{looks} looks"));
        }
        before = now;
        if entries < looks * 100 { Ok(()) } else { Err(format!("{entries} entries in {looks} looks")) }
    })
    .await;
    let later = world.enqueue(3).await;
    drained(&world).await;
    world.check_told_once(&[events, later].concat()).await;
    running.stop().await;
    dump.rollback().await.unwrap();
}

/// Relays until nothing is left that this relay could take.
async fn relay_all(world: &World) {
    let relay = world.relay();
    eventually("everything is published", LIMIT, async || {
        let pass = relay.run_once().await.map_err(|error| format!("{error:#}"))?;
        if pass.taken == 0 { Ok(()) } else { Err(format!("{pass:?}")) }
    })
    .await;
}

async fn drained(world: &World) {
    eventually("the outbox is empty", LIMIT, async || {
        let depth: i64 = sqlx::query_scalar("select count(*) from outbox")
            .fetch_one(&world.pool)
            .await
            .map_err(|error| error.to_string())?;
        if depth == 0 { Ok(()) } else { Err(format!("{depth} rows")) }
    })
    .await;
}
