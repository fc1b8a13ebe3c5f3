//! A batch of timers of an operation: those of our orders one by one by `orders`, the others together by `expiration`.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use common::{
    event::{Id, Timestamp},
    internal::{MoveTimer, TimerAnswers},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    failure::Failure,
    operations::{ItemOutcome, Work},
    orders::text::plus,
    peers::{KNOWN_AT_ONCE, PeerError, Peers, TIMERS_AT_ONCE},
};

/// Orders that are asked to decide at one time.
const IN_FLIGHT: usize = 16;

/// What is to become of each timer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Fire,
    Cancel,
    Move(Wish),
}

/// Where a timer is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wish {
    To(Timestamp),
    By(i64),
}

impl Wish {
    /// Exactly one of the two.
    pub(crate) fn of(to: Option<Timestamp>, by_ms: Option<i64>) -> Result<Self, Failure> {
        match (to, by_ms) {
            (Some(to), None) => Ok(Self::To(to)),
            (None, Some(0)) => Err(Failure::field("byMs", "byMs must not be 0")),
            (None, Some(by_ms)) => Ok(Self::By(by_ms)),
            _ => Err(Failure::field("to", "exactly one of to and byMs must be given")),
        }
    }

    pub(crate) const fn from(self, before: Timestamp) -> Timestamp {
        match self {
            Self::To(to) => to,
            Self::By(by_ms) => plus(before, by_ms),
        }
    }
}

/// The work of an operation on timers.
pub(crate) fn work(peers: Peers, change: Change) -> Work {
    // What was done in a batch that a service's absence has cut off: it is not asked for again, and counts as done.
    let done = Arc::new(Mutex::new(HashSet::new()));
    let targets = Arc::new(Mutex::new(HashMap::new()));
    Work::new(KNOWN_AT_ONCE, move |items: Vec<String>| {
        let batch =
            Batch { peers: peers.clone(), change, done: Arc::clone(&done), targets: Arc::clone(&targets) };
        async move { batch.run(items).await }
    })
}

struct Batch {
    peers: Peers,
    change: Change,
    done: Arc<Mutex<HashSet<Id>>>,
    /// Where each is to be that is moved by some time: one that is tried again is not moved twice.
    targets: Arc<Mutex<HashMap<Id, Timestamp>>>,
}

impl Batch {
    /// One outcome for each item, in their order.
    async fn run(&self, items: Vec<String>) -> anyhow::Result<Vec<ItemOutcome>> {
        let ids: Vec<Id> = items.iter().map(|item| item.parse()).collect::<Result<_, _>>()?;
        let before = std::mem::take(&mut *locked(&self.done));
        let open: Vec<Id> = ids.iter().filter(|id| !before.contains(*id)).cloned().collect();
        let known = self.peers.known(open.clone()).await;
        let known: HashSet<Id> = self.keeping(&before, known)?.into_iter().collect();
        let (ours, foreign): (Vec<Id>, Vec<Id>) = open.into_iter().partition(|id| known.contains(id));
        let ours = stream::iter(ours).map(|id| async move {
            let outcome = self.ours(&id).await?;
            if matches!(outcome, ItemOutcome::Done) {
                locked(&self.done).insert(id.clone());
            }
            Ok((id, outcome))
        });
        let ours: Result<Vec<(Id, ItemOutcome)>, PeerError> =
            ours.buffer_unordered(IN_FLIGHT).try_collect().await;
        let mut outcomes: HashMap<Id, ItemOutcome> = self.keeping(&before, ours)?.into_iter().collect();
        for chunk in foreign.chunks(TIMERS_AT_ONCE) {
            let answered = self.foreign(chunk).await;
            outcomes.extend(self.keeping(&before, answered)?);
        }
        locked(&self.done).clear();
        locked(&self.targets).clear();
        let unasked = |id| if before.contains(id) { ItemOutcome::Done } else { ItemOutcome::Skipped };
        Ok(ids.iter().map(|id| outcomes.remove(id).unwrap_or_else(|| unasked(id))).collect())
    }

    /// An answer; or, cut off, what was done before is kept for the next try.
    fn keeping<T>(&self, before: &HashSet<Id>, answer: Result<T, PeerError>) -> anyhow::Result<T> {
        answer.map_err(|error| {
            locked(&self.done).extend(before.iter().cloned());
            error.into()
        })
    }

    async fn ours(&self, id: &Id) -> Result<ItemOutcome, PeerError> {
        let decided = match self.change {
            Change::Fire | Change::Cancel => self.peers.cancel(id).await.map(|answer| !answer.already),
            Change::Move(Wish::To(to)) => {
                self.peers.extend(id, to).await.map(|answer| answer.from != answer.to)
            }
            Change::Move(by @ Wish::By(_)) => match self.peers.order(id).await? {
                Some(order) => self
                    .peers
                    .extend(id, self.target(id, by, order.expires_at))
                    .await
                    .map(|answer| answer.from != answer.to),
                None => Ok(false),
            },
        };
        match decided {
            Ok(true) => Ok(ItemOutcome::Done),
            // Paid, cancelled or gone meanwhile.
            Ok(false) | Err(PeerError::Conflict(_) | PeerError::NotFound(_)) => Ok(ItemOutcome::Skipped),
            Err(refused @ PeerError::Refused(_)) => Ok(ItemOutcome::Failed(refused.to_string())),
            Err(away) => Err(away),
        }
    }

    /// Counted once from where it is at first.
    fn target(&self, id: &Id, by: Wish, before: Timestamp) -> Timestamp {
        *locked(&self.targets).entry(id.clone()).or_insert_with(|| by.from(before))
    }

    async fn foreign(&self, ids: &[Id]) -> Result<Vec<(Id, ItemOutcome)>, PeerError> {
        let to = |id: &Id, to| MoveTimer { id: id.clone(), to };
        let answers = match self.change {
            Change::Cancel => self.peers.remove_timers(ids.to_vec()).await?,
            // A past instant is now, by the clock of Redis.
            Change::Fire => {
                self.peers
                    .move_timers(ids.iter().map(|id| to(id, Timestamp::from_millis(0))).collect())
                    .await?
            }
            Change::Move(Wish::To(at)) => {
                self.peers.move_timers(ids.iter().map(|id| to(id, at)).collect()).await?
            }
            Change::Move(by @ Wish::By(_)) => self.move_by(ids, by).await?,
        };
        Ok(outcomes(answers))
    }

    /// Each from where it is. One that is moved by somebody else in between lands where it was asked to.
    async fn move_by(&self, ids: &[Id], by: Wish) -> Result<TimerAnswers, PeerError> {
        let asked = stream::iter(ids.to_vec()).map(|id| async move {
            let timer = self.peers.timer(&id).await?;
            Ok::<_, PeerError>(timer.map(|timer| MoveTimer { to: self.target(&id, by, timer.due_at), id }))
        });
        let moves: Vec<Option<MoveTimer>> = asked.buffered(IN_FLIGHT).try_collect().await?;
        let moves: Vec<MoveTimer> = moves.into_iter().flatten().collect();
        if moves.is_empty() { Ok(TimerAnswers::default()) } else { self.peers.move_timers(moves).await }
    }
}

/// What is not answered was not there.
fn outcomes(answers: TimerAnswers) -> Vec<(Id, ItemOutcome)> {
    let done = answers.done.into_iter().map(|timer| (timer.id, ItemOutcome::Done));
    done.chain(answers.claimed.into_iter().map(|id| (id, ItemOutcome::Skipped))).collect()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
