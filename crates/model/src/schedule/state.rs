//! What everybody has and knows at one moment.

use super::stream::Stream;
use crate::place::Place;

/// Orders that a state has room for.
pub(crate) const ORDERS: usize = 2;
/// Workers of `expiration`.
pub(crate) const WORKERS: usize = 2;

/// One moment of the whole system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// True time. An order is due at 1, an extended one at 2.
    pub(crate) time: u8,
    /// The facts that were ever told, a bit for each of the scope's.
    pub(crate) told: u8,
    pub(crate) stream: Stream,
    pub(crate) expirations: [Expiration; ORDERS],
    pub(crate) redis: Redis,
    /// What the next crash leaves: the newest writes since are lost with it.
    pub(crate) saved: Option<Redis>,
    /// Redis' name for the history of its data: another one after each crash and failover.
    pub(crate) run: u8,
    pub(crate) workers: [Worker; WORKERS],
    /// What a worker has found out in order to advance the checkpoint: memory.
    pub(crate) sample: Sample,
    pub(crate) harm: Harm,
    /// The losses that may still happen.
    pub(crate) losses: u8,
}

/// Everything in Redis. Each script is one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Redis {
    pub(crate) jobs: [Job; ORDERS],
    pub(crate) checkpoint: Option<Checkpoint>,
    pub(crate) lease: Option<Lease>,
}

/// An order in the sorted set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Job {
    Absent,
    /// Due at this time.
    Due(u8),
    /// Claimed by a worker, whose lease is not over while it is live.
    Claimed {
        by: u8,
        live: bool,
    },
}

/// Up to which message everything is in the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Checkpoint {
    pub(crate) place: Place,
    /// The run in which nothing was lost since a rebuild; none while one is under way.
    pub(crate) run: Option<u8>,
}

/// The right to rebuild, which lapses by Redis' clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Lease {
    pub(crate) by: u8,
    pub(crate) live: bool,
}

/// A process of `expiration`: all of it memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Worker {
    /// It stands still, for as long as the environment likes.
    pub(crate) paused: bool,
    pub(crate) hand: Option<Hand>,
    pub(crate) rebuild: Option<Rebuild>,
}

/// A job that a worker has claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Hand {
    pub(crate) order: u8,
    /// The due time that it takes back when it is released.
    pub(crate) due: u8,
    /// The lease is not over, and Redis has lost nothing since.
    pub(crate) live: bool,
    pub(crate) publish: Publish,
}

/// How far the expiration of a claimed job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Publish {
    Claimed,
    /// The PubAck has come.
    Stored,
    /// No PubAck has come: stored or not.
    Unknown,
}

/// A rebuild under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Rebuild {
    /// The run in which it began, read with the lease.
    pub(crate) run: u8,
    /// The checkpoint that it has found or written: its script goes on from this one only.
    pub(crate) checkpoint: Option<Checkpoint>,
    /// The stream as it was read: its last message is where the rebuild ends.
    pub(crate) read: Option<Stream>,
    /// The orders of which the expiration stream says that they have fired, a bit for each.
    pub(crate) fired: Option<u8>,
    /// The message that a wrong rebuild has counted and not applied yet.
    pub(crate) owed: Option<u8>,
}

/// How far an advance of the checkpoint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sample {
    Idle,
    /// This was the last message.
    Noted(Place),
    /// Everything up to it is acknowledged.
    Passed(Place),
    /// A wrong sample has seen everything acknowledged before it asks for the last message.
    SeenAcknowledged,
}

/// The expiration stream, of one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Expiration {
    Absent,
    /// Stored within the duplicate window: the same message id again is not stored.
    Recent,
    /// Stored before.
    Old,
}

/// What has happened that must not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Harm {
    /// An expiration was published before its time by the slower clock.
    pub(crate) early: bool,
    /// An expiration was stored twice within the duplicate window.
    pub(crate) twice: bool,
    /// A rebuild brought a timer back that had fired before the duplicate window.
    pub(crate) revived: bool,
    /// A claim was taken from its holder before the lease was over.
    pub(crate) stolen: bool,
}

impl Redis {
    pub(crate) const EMPTY: Self = Self { jobs: [Job::Absent; ORDERS], checkpoint: None, lease: None };

    pub(crate) fn job(&self, order: u8) -> Job {
        self.jobs[usize::from(order)]
    }

    pub(crate) fn job_mut(&mut self, order: u8) -> &mut Job {
        &mut self.jobs[usize::from(order)]
    }

    /// Whether any lease is not over.
    pub(crate) fn has_live(&self) -> bool {
        let claims = self.jobs.iter().any(|job| matches!(job, Job::Claimed { live: true, .. }));
        claims || self.lease.is_some_and(|lease| lease.live)
    }

    fn swap_workers(&mut self) {
        for job in &mut self.jobs {
            if let Job::Claimed { by, .. } = job {
                *by = 1 - *by;
            }
        }
        if let Some(lease) = &mut self.lease {
            lease.by = 1 - lease.by;
        }
    }

    /// The time of every lease is over.
    pub(crate) fn lapse(&mut self) {
        for job in &mut self.jobs {
            if let Job::Claimed { live, .. } = job {
                *live = false;
            }
        }
        if let Some(lease) = &mut self.lease {
            lease.live = false;
        }
    }
}

impl Checkpoint {
    /// Of a rebuild that found nothing.
    const FIRST: Self = Self { place: Place::before_first(0), run: Some(0) };
}

impl Worker {
    const IDLE: Self = Self { paused: false, hand: None, rebuild: None };

    pub(crate) fn is_busy(&self) -> bool {
        self.hand.is_some() || self.rebuild.is_some()
    }

    /// It is killed, and starts again.
    pub(crate) fn kill(&mut self) {
        *self = Self::IDLE;
    }
}

impl State {
    /// Nothing was ordered yet.
    pub(crate) fn first(losses: u8) -> Self {
        Self {
            time: 0,
            told: 0,
            stream: Stream::EMPTY,
            expirations: [Expiration::Absent; ORDERS],
            redis: Redis { checkpoint: Some(Checkpoint::FIRST), ..Redis::EMPTY },
            saved: None,
            run: 0,
            workers: [Worker::IDLE; WORKERS],
            sample: Sample::Idle,
            harm: Harm::default(),
            losses,
        }
    }

    /// The same with the workers by size: which is which is nothing to anybody, if their clocks agree.
    pub(crate) fn with_workers_in_order(mut self) -> Self {
        if self.workers[0] > self.workers[1] {
            self.workers.swap(0, 1);
            self.redis.swap_workers();
            if let Some(saved) = &mut self.saved {
                saved.swap_workers();
            }
        }
        self
    }

    pub(crate) fn worker(&self, worker: u8) -> &Worker {
        &self.workers[usize::from(worker)]
    }

    pub(crate) fn worker_mut(&mut self, worker: u8) -> &mut Worker {
        &mut self.workers[usize::from(worker)]
    }

    pub(crate) fn expiration(&self, order: u8) -> Expiration {
        self.expirations[usize::from(order)]
    }

    pub(crate) fn has_fired(&self, order: u8) -> bool {
        self.expiration(order) != Expiration::Absent
    }
}
