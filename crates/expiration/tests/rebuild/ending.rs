//! A worker that is told to end.

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;

use crate::{support::World, worker::Worker};

/// A look asks the broker, which takes seconds when it hangs: one more each time, and the drain is over its limit.
#[tokio::test]
async fn loops_that_are_told_to_end_while_a_look_is_due_do_not_begin_it() {
    let world = World::start().await;
    let worker = Worker::idle(&world.nats, &world.redis.url(), "worker-1").await;
    let stop = CancellationToken::new();
    stop.cancel();
    // Which of two things that are ready goes first may be chance.
    for _ in 0..50 {
        // The first look is due at once, and here it is asked for as well.
        worker.watch.ask();
        assert_eq!(worker.rebuilder().run(stop.clone()).now_or_never(), Some(()), "rebuild");
        assert_eq!(worker.monitor().run(stop.clone()).now_or_never(), Some(()), "monitor");
    }
}
