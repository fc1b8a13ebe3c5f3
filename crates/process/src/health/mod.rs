//! What the probes answer: do the loops still turn, and is everything connected?
//!
//! A dependency that is down makes the process unready, never dead: a restart would not bring it back, and would
//! lose what the process holds. Only a loop that has gone silent makes it dead.

mod dependencies;
mod loops;
mod remark;

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use dependencies::DependencyState;
pub use dependencies::{Dependency, Needed};
pub use loops::Heartbeat;
use loops::LoopState;
pub use remark::Remark;
use remark::RemarkState;

type Name = Cow<'static, str>;

/// The health of one process. Clones are handles of the same health.
#[derive(Clone, Debug)]
pub struct Health(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Monotonic, so that a clock set back does not kill the process.
    started_at: Instant,
    loops: Mutex<Vec<Arc<LoopState>>>,
    dependencies: Mutex<Vec<Arc<DependencyState>>>,
    remarks: Mutex<Vec<Arc<RemarkState>>>,
    draining: AtomicBool,
}

impl Health {
    /// The health of a process without loops and dependencies: alive and ready.
    #[expect(
        clippy::new_without_default,
        reason = "two healths in one process is a mistake that Default invites"
    )]
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            started_at: Instant::now(),
            loops: Mutex::default(),
            dependencies: Mutex::default(),
            remarks: Mutex::default(),
            draining: AtomicBool::new(false),
        }))
    }

    /// Watches a loop: from now on the process is dead if it does not beat for `max_silence`. Choose a multiple of
    /// the longest wait that is normal for the loop, retries against a server that is down included.
    pub fn register_loop(&self, name: impl Into<Name>, max_silence: Duration) -> Heartbeat {
        let state = Arc::new(LoopState::new(name.into(), max_silence, self.0.now_ms()));
        locked(&self.0.loops).push(Arc::clone(&state));
        Heartbeat::new(Arc::clone(&self.0), state)
    }

    /// Adds something that the process needs in order to be of use, such as `postgres`. It is not ready until told.
    pub fn register_dependency(&self, name: impl Into<Name>, needed: Needed) -> Dependency {
        self.register(name.into(), needed, "not connected yet")
    }

    pub(super) fn register(&self, name: Name, needed: Needed, unready: &'static str) -> Dependency {
        let state = Arc::new(DependencyState::new(name, needed, unready));
        locked(&self.0.dependencies).push(Arc::clone(&state));
        Dependency::new(state)
    }

    /// Adds something that may be worth knowing of the process, whether it is ready or not: `name` begins the line, such as `the
    /// schedule`. Nothing is said of it until it is set.
    pub fn register_remark(&self, name: impl Into<Name>) -> Remark {
        let state = Arc::new(RemarkState::new(name.into()));
        locked(&self.0.remarks).push(Arc::clone(&state));
        Remark::new(state)
    }

    /// Makes the process unready for good: it is about to end.
    pub fn start_draining(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    /// Whether every loop has beaten within its time. Never depends on another system, nor on the drain, which has a
    /// limit of its own and ends its loops on purpose.
    ///
    /// # Errors
    /// A line for each loop that is silent.
    pub fn livez(&self) -> Result<(), String> {
        if self.0.draining.load(Ordering::Relaxed) {
            return Ok(());
        }
        let now_ms = self.0.now_ms();
        let silent: Vec<_> = locked(&self.0.loops).iter().filter_map(|each| each.silence(now_ms)).collect();
        all_well(&silent)
    }

    /// Whether every dependency is ready that is needed now, and the process is not draining.
    ///
    /// # Errors
    /// A line for each thing that is in the way.
    pub fn readyz(&self) -> Result<(), String> {
        let draining = self.0.draining.load(Ordering::Relaxed).then(|| "draining".to_owned());
        let dependencies = locked(&self.0.dependencies);
        let unready = dependencies.iter().filter(|each| each.is_needed()).filter_map(|each| each.complaint());
        all_well(&draining.into_iter().chain(unready).collect::<Vec<_>>())
    }

    /// A line for each dependency that does not work and without which the process is ready all the same, and for each remark
    /// that is set.
    pub fn remarks(&self) -> Vec<String> {
        let dependencies = locked(&self.0.dependencies);
        let away = dependencies.iter().filter(|each| !each.is_needed()).filter_map(|each| each.complaint());
        away.chain(locked(&self.0.remarks).iter().filter_map(|each| each.line())).collect()
    }
}

impl Inner {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.started_at.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

fn all_well(complaints: &[String]) -> Result<(), String> {
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n")) }
}

/// Nothing that holds these locks can panic half-way through a change.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    async fn pass(duration: Duration) {
        tokio::time::advance(duration).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_loop_is_dead_and_named_until_it_beats_again() {
        let health = Health::new();
        let relay = health.register_loop("relay", LIMIT);
        let sweeper = health.register_loop("sweeper", LIMIT);
        pass(LIMIT).await;
        assert_eq!(health.livez(), Ok(()));
        relay.beat();
        pass(Duration::from_secs(1)).await;
        assert_eq!(health.livez(), Err("loop sweeper has been silent for 6s, more than 5s".to_owned()));
        sweeper.beat();
        assert_eq!(health.livez(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_finished_on_purpose_is_not_silent() {
        let health = Health::new();
        drop(health.register_loop("relay", LIMIT));
        pass(LIMIT * 2).await;
        assert_eq!(health.livez(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_panicked_is_silent() {
        let health = Health::new();
        let heartbeat = health.register_loop("relay", LIMIT);
        let panicked = tokio::spawn(async move {
            heartbeat.beat();
            panic!("on purpose");
        });
        assert!(panicked.await.unwrap_err().is_panic());
        pass(LIMIT * 2).await;
        assert!(health.livez().unwrap_err().contains("relay"));
    }

    #[tokio::test]
    async fn a_dependency_that_is_down_makes_the_process_unready_but_never_dead() {
        let health = Health::new();
        let nats = health.register_dependency("nats", Needed::Always);
        let redis = health.register_dependency("redis", Needed::Always);
        assert_eq!(
            health.readyz(),
            Err("nats is not ready: not connected yet\nredis is not ready: not connected yet".to_owned())
        );
        nats.set_ready();
        redis.set_ready();
        assert_eq!(health.readyz(), Ok(()));
        redis.set_unready("connection refused");
        assert_eq!(health.readyz(), Err("redis is not ready: connection refused".to_owned()));
        assert_eq!(health.livez(), Ok(()));
    }

    #[tokio::test]
    async fn a_dependency_that_is_needed_to_begin_is_only_a_remark_once_it_has_worked() {
        let health = Health::new();
        let nats = health.register_dependency("nats", Needed::ToBegin);
        nats.set_unready("refused");
        assert_eq!(health.readyz(), Err("nats is not ready: refused".to_owned()));
        assert_eq!(health.remarks(), [""; 0]);
        nats.set_ready();
        nats.set_unready("not connected");
        assert_eq!(health.readyz(), Ok(()));
        assert_eq!(health.remarks(), ["nats is not ready: not connected"]);
        nats.set_ready();
        assert_eq!(health.remarks(), [""; 0]);
    }

    #[tokio::test]
    async fn a_remark_is_told_while_it_is_set_and_makes_nothing_unready() {
        let health = Health::new();
        let schedule = health.register_remark("the schedule");
        assert_eq!(health.remarks(), [""; 0]);
        schedule.set("is paused");
        assert_eq!((health.readyz(), health.remarks()), (Ok(()), vec!["the schedule is paused".to_owned()]));
        schedule.clear();
        assert_eq!(health.remarks(), [""; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_draining_process_is_unready_and_alive() {
        let health = Health::new();
        let _slow_to_end = health.register_loop("relay", LIMIT);
        health.register_dependency("nats", Needed::Always).set_ready();
        health.start_draining();
        pass(LIMIT * 2).await;
        assert_eq!(health.readyz(), Err("draining".to_owned()));
        assert_eq!(health.livez(), Ok(()));
    }
}
