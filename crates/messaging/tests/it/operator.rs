//! What `console` does about dead letters, and what comes of it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_nats::jetstream::message::StreamMessage;
use common::Service;
use messaging::{DeadLetterBox, Letter, Outcome, Queued, Replayer};
use testkit::eventually;

use crate::{
    handling::{Scripted, Seen, each},
    world::{LONG, World},
};

pub(crate) const REPLAYS: &str = "c-replays";

/// What `console` does.
pub(crate) struct Operator {
    pub(crate) letters: DeadLetterBox,
    pub(crate) replayer: Replayer,
}

impl Operator {
    pub(crate) async fn on(world: &World) -> Self {
        let broker = world.broker_of(Service::Console).await;
        eventually("the operator is connected", LONG, async || {
            broker.dead_letters().state().await.map_err(|error| format!("{error:#}"))
        })
        .await;
        Self { letters: broker.dead_letters(), replayer: broker.replayer() }
    }

    pub(crate) async fn letter(&self, sequence: u64) -> Letter {
        self.letters.get(sequence).await.unwrap().unwrap()
    }

    pub(crate) async fn replay(&self, sequence: u64) -> Queued {
        self.replayer.replay(&self.letter(sequence).await, None).await.unwrap()
    }
}

/// Refuses everything for as long as `bad`.
pub(crate) fn refuses(seen: &Seen, bad: &Arc<AtomicBool>) -> Scripted {
    let bad = Arc::clone(bad);
    each(seen, move |_, _| match bad.load(Ordering::Relaxed) {
        true => Outcome::reject("not yet"),
        false => Outcome::Done,
    })
}

pub(crate) fn text<'a>(letter: &'a StreamMessage, name: &str) -> &'a str {
    letter.headers.get(name).map_or("", |value| value.as_str())
}

pub(crate) async fn waiting(world: &World) -> u64 {
    world.stream(REPLAYS).await.map_or(0, |stream| stream.cached_info().state.messages)
}

pub(crate) async fn all_taken(world: &World) {
    eventually("every replay is answered", LONG, async || match waiting(world).await {
        0 => Ok(()),
        waiting => Err(format!("{waiting} wait")),
    })
    .await;
}

pub(crate) async fn is_seen(seen: &Seen, order: &str, times: usize) {
    eventually(&format!("{order} is seen {times} times"), LONG, async || match seen.count(order) {
        count if count >= times => Ok(()),
        count => Err(format!("{count} times")),
    })
    .await;
}
