//! What people, operators and other services do in an episode, all of it drawn from a seed, and what they see of it.
//!
//! `plan` decides who does what and when; `arriving`, `buyer`, `paying`, `seller` and `operator` do it over HTTP, `foreign` and
//! `mischief` on the broker. Whatever is broken meanwhile, nobody waits for ever: an answer that does not come is a doubt
//! in the `notes`, which `closing` clears up as a person would, by looking at the list. `listener` and `recorder` keep every
//! event that was ever told, so that one which is lost is missed.

mod arriving;
mod buyer;
mod closing;
mod foreign;
mod http;
mod listener;
mod mischief;
mod notes;
mod operator;
mod paying;
mod people;
mod plan;
mod recorder;
mod seller;
mod stage;
#[cfg(test)]
mod tests;
mod wire;

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use judge::Record;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

pub(crate) use plan::WorkloadPlan;

use crate::access::Access;
use listener::Listener;
use notes::Notes;
use plan::{Act, Deed};
use recorder::Recorder;
use stage::Stage;

/// What is under way at the end of an episode gets so long; every request has ended by then.
const LAST_WORD: Duration = http::PATIENCE;

/// An episode whose steps are over. Dropped, nobody listens any more.
#[derive(Debug)]
pub(crate) struct Running {
    stage: Arc<Stage>,
    _recorder: Recorder,
    _listener: Listener,
}

/// Plays a plan that begins at `begin`, and returns when nobody does anything any more, at most [`LAST_WORD`] after its end.
/// Only the listening goes on, because the services have not come to rest.
///
/// # Errors
/// Only when it can't begin. What the platform does or fails to do is for the record.
pub(crate) async fn run(plan: &WorkloadPlan, access: &Access, begin: Instant) -> Result<Running> {
    let notes = Notes::default();
    let listener = Listener::start(&access.nats, &notes).await?;
    let stage = Arc::new(Stage::new(plan, access, begin, notes).await?);
    let recorder = Recorder::start(&stage.wire, &stage.notes);
    play(plan, &stage).await;
    Ok(Running { stage, _recorder: recorder, _listener: listener })
}

/// Everybody acts on their own. What has not ended after the last word never will: it is cut off.
async fn play(plan: &WorkloadPlan, stage: &Arc<Stage>) {
    let mut acting = JoinSet::new();
    for number in 0..plan.people.len() {
        let stage = stage.clone();
        acting.spawn(async move { arriving::arrives(&stage, &stage.people[number]).await });
    }
    for act in &plan.acts {
        let (stage, act) = (stage.clone(), act.clone());
        acting.spawn(async move { acts(&stage, &act).await });
    }
    let over = async { while acting.join_next().await.is_some() {} };
    // Who is cut off has left a doubt in the notes.
    let _ = timeout_at(stage.end + LAST_WORD, over).await;
    acting.shutdown().await;
}

async fn acts(stage: &Stage, act: &Act) {
    if !stage.reaches(act.at).await {
        return;
    }
    match &act.deed {
        Deed::Offer(offer) => seller::offers(stage, offer).await,
        Deed::Edit(edit) => seller::edits(stage, edit).await,
        Deed::Order(order) => Box::pin(buyer::orders(stage, order)).await,
        Deed::Foreign(order) => foreign::tells(stage, order).await,
        Deed::Poison(poison) => mischief::poisons(stage, poison).await,
        Deed::Repeat(repeat) => mischief::repeats(stage, repeat).await,
        Deed::Replay(replay) => operator::replays(stage, replay).await,
    }
}

impl Running {
    /// All that is known so far.
    pub(crate) fn record(&self) -> Record {
        self.stage.notes.record()
    }

    /// Ends it, when the faults are over and the services are at rest: everybody looks back, and nobody listens any more.
    pub(crate) async fn finish(self) -> Record {
        closing::looks_back(&self.stage).await;
        self.record()
    }
}
