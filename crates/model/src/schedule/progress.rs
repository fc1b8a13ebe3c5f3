//! A measure that every step of the system raises: why a run that is left alone comes to its end.

use super::{
    checkpoint::{holds, is_of},
    rebuild,
    state::{Job, Publish, State, Worker},
    stream::Delivery,
    system::System,
};

/// How far everything has come. Mishaps may lower it, and nothing else.
pub(crate) fn measure(system: &System, state: &State) -> i32 {
    let messages: i32 = state
        .stream
        .messages()
        .map(|(_, message)| match message.delivery {
            Delivery::Waiting => 5_000,
            Delivery::InHand => 10_000,
            Delivery::Acked => 20_000,
        })
        .sum();
    let jobs: i32 = state.redis.jobs.iter().map(|job| of_job(*job)).sum();
    let workers: i32 = (0..2).map(|id| of_worker(system, state, id, state.worker(id))).sum();
    let lease = match state.redis.lease {
        Some(lease) if lease.live => 0,
        Some(_) => 2,
        None => 3,
    };
    messages + jobs + workers + lease + i32::from(state.time) + checkpoint(system, state)
}

fn of_job(job: Job) -> i32 {
    match job {
        Job::Due(_) => 40,
        Job::Claimed { live: true, .. } => 45,
        Job::Claimed { live: false, .. } => 47,
        Job::Absent => 100,
    }
}

fn checkpoint(system: &System, state: &State) -> i32 {
    let place = state.redis.checkpoint.map(|checkpoint| checkpoint.place);
    let place = place.filter(|place| is_of(*place, &state.stream));
    let value = place.map_or(0, |place| 30 * (i32::from(place.sequence) + 1));
    if holds(system, state) { value + 5_000 } else { value }
}

/// What a worker holds counts for something while it can still make use of it, and against the state from then on until it
/// has let go of it.
fn of_worker(system: &System, state: &State, id: u8, worker: &Worker) -> i32 {
    let hand = worker.hand.map_or(0, |hand| {
        let is_held = state.redis.job(hand.order) == Job::Claimed { by: id, live: true };
        match hand.publish {
            _ if worker.paused => -20,
            Publish::Claimed if is_held => 10,
            Publish::Stored if is_held => 11,
            Publish::Unknown => -10,
            Publish::Claimed => -12,
            Publish::Stored => -11,
        }
    });
    let rebuild = worker.rebuild.map_or(0, |rebuild| {
        let stage = i32::from(rebuild.read.is_some()) + i32::from(rebuild.fired.is_some());
        let position = rebuild.read.map_or(0, |read| rebuild::position(system, &rebuild, &read));
        let way = stage + 100 * i32::from(position);
        match rebuild::is_good(system, state, id, &rebuild) {
            _ if worker.paused => -2_000 + way,
            true => 10 + way,
            false => -1_000 + way,
        }
    });
    hand + rebuild + i32::from(!worker.paused)
}
