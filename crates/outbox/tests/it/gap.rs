//! What fell out of the stream before a listener came for it is told again once the listener is back.

use std::time::Duration;

use outbox::Checked;
use testkit::eventually;

use crate::{
    listener::Listener,
    running::Running,
    waits::{LIMIT, acknowledged, drained, heard, relay_all, told_again},
    world::World,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_fell_out_of_the_stream_before_a_listener_came_is_told_again_once_it_is_back() {
    let world = World::new().await;
    let (relay, listener) = (world.relay(), Listener::start(&world).await);
    let older = world.changes(10).await;
    relay_all(&relay).await;
    heard(&listener, &older).await;
    // Before the check that makes the mark: what that one finds not acknowledged is told again as well.
    acknowledged(&world, 10).await;
    world.an_hour_later().await;
    world.mark().await;
    listener.stop().await;

    world.keep_messages_for(Duration::from_secs(2)).await;
    let missed = world.changes(5).await;
    relay_all(&relay).await;
    let mut check = world.check();
    eventually("they fell out", LIMIT, async || {
        assert_eq!(check.run_once().await.unwrap(), Checked::Well, "it would fall out again");
        let state = world.stream().await.cached_info().state.clone();
        if state.messages == 0 { Ok(()) } else { Err(format!("{state:?}")) }
    })
    .await;
    world.keep_messages_for(Duration::from_secs(60)).await;
    // Something that came later does not hide it.
    world.publish_foreign(1).await;
    assert_eq!(check.run_once().await.unwrap(), Checked::Well);
    let listener = Listener::start(&world).await;
    assert_eq!(told_again(&world).await, 5);
    relay_all(&relay).await;
    heard(&listener, &missed).await;
    assert_eq!(world.told_again("fell out").await, (1, 5));
    acknowledged(&world, 21).await;
    assert_eq!(check.run_once().await.unwrap(), Checked::Well, "and not again");
    listener.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_takes_nothing_that_a_listener_does_not_get_again() {
    let world = World::new().await;
    let running = Running::start(&world);
    world.changes(1).await;
    drained(&world).await;
    // It is made, and takes nothing yet.
    let listener = Listener::start(&world).await;
    acknowledged(&world, 1).await;
    world.mark().await;
    listener.stop().await;
    let events = world.changes(10).await;
    drained(&world).await;
    world.stream().await.purge().sequence(7).await.unwrap();
    let listener = Listener::start(&world).await;
    heard(&listener, &events).await;
    listener.stop().await;
    running.stop().await;
}
