//! What tests wait for, with a bound that says how it stands.

use std::time::Duration;

use common::event::OrderCancelled;
use outbox::{Checked, Relay};
use testkit::eventually;

use crate::{listener::Listener, world::World};

pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Checks until something is told again, and answers how much.
pub(crate) async fn told_again(world: &World) -> u64 {
    let mut check = world.check();
    eventually("something is told again", LIMIT, async || match check.run_once().await {
        Ok(Checked::ToldAgain(events)) => Ok(events),
        Ok(Checked::Well) => Err("all is well".to_owned()),
        Err(error) => Err(format!("{error:#}")),
    })
    .await
}

/// Waits until the listener has acknowledged everything up to here.
pub(crate) async fn acknowledged(world: &World, sequence: u64) {
    eventually("the consumer has come so far", LIMIT, async || {
        let info = world.stream().await.consumer_info("tickets-order-cancelled").await;
        let info = info.map_err(|error| error.to_string())?;
        if info.ack_floor.stream_sequence >= sequence { Ok(()) } else { Err(format!("{info:?}")) }
    })
    .await;
}

pub(crate) async fn heard(listener: &Listener, events: &[OrderCancelled]) {
    eventually("everything is heard", LIMIT, async || {
        let heard = listener.heard(events).into_iter().filter(|times| *times > 0).count();
        if heard == events.len() { Ok(()) } else { Err(format!("{heard} of {}", events.len())) }
    })
    .await;
}

/// Relays until nothing is left that this relay could take.
pub(crate) async fn relay_all(relay: &Relay) {
    eventually("everything is published", LIMIT, async || {
        let pass = relay.run_once().await.map_err(|error| format!("{error:#}"))?;
        if pass.taken == 0 { Ok(()) } else { Err(format!("{pass:?}")) }
    })
    .await;
}

pub(crate) async fn drained(world: &World) {
    eventually("the outbox is empty", LIMIT, async || match world.depth().await {
        0 => Ok(()),
        depth => Err(format!("{depth} rows")),
    })
    .await;
}
