//! What the probes answer: do the loops still turn, and is everything connected?
//!
//! A dependency that is down makes the process unready, never dead: a restart would not bring it back, and would
//! lose what the process holds. Only a loop that has gone silent makes it dead.

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;
use tracing::{info, warn};

use super::config::duration::WithUnit;

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
    draining: AtomicBool,
}

#[derive(Debug)]
struct LoopState {
    name: Name,
    max_silence: Duration,
    last_beat_ms: AtomicU64,
}

/// When a dependency that does not work makes the process unready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// Whenever it does not work: nothing can be done without it.
    Always,
    /// Until it has worked once, so that a rollout with a wrong password stops. After that the process is of use without
    /// it for a while, as one that takes requests is without the broker: what it has to tell waits in its outbox. If all
    /// replicas were unready then, nobody would get an answer.
    ToBegin,
}

/// A dependency may take this long to be ready for the first time without a warning.
const LONGEST_STARTUP: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct DependencyState {
    name: Name,
    needed: Needed,
    /// Why it is not ready, if it is not.
    unready: Mutex<Option<Cow<'static, str>>>,
    registered_at: Instant,
    worked_once: AtomicBool,
    /// It was ready once, or should have been by now: from then on it is news when it is not.
    startup_over: AtomicBool,
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
            draining: AtomicBool::new(false),
        }))
    }

    /// Watches a loop: from now on the process is dead if it does not beat for `max_silence`. Choose a multiple of
    /// the longest wait that is normal for the loop, retries against a server that is down included.
    pub fn register_loop(&self, name: impl Into<Name>, max_silence: Duration) -> Heartbeat {
        let last_beat_ms = AtomicU64::new(self.0.now_ms());
        let state = Arc::new(LoopState { name: name.into(), max_silence, last_beat_ms });
        locked(&self.0.loops).push(Arc::clone(&state));
        Heartbeat { inner: Arc::clone(&self.0), state }
    }

    /// Adds something that the process needs in order to be of use, such as `postgres`. It is not ready until told.
    pub fn register_dependency(&self, name: impl Into<Name>, needed: Needed) -> Dependency {
        self.register(name.into(), needed, "not connected yet")
    }

    pub(super) fn register(&self, name: Name, needed: Needed, unready: &'static str) -> Dependency {
        let state = Arc::new(DependencyState {
            name,
            needed,
            unready: Mutex::new(Some(unready.into())),
            registered_at: Instant::now(),
            worked_once: AtomicBool::new(false),
            startup_over: AtomicBool::new(false),
        });
        locked(&self.0.dependencies).push(Arc::clone(&state));
        let dependency = Dependency(state);
        dependency.export(false);
        dependency
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

    /// A line for each dependency that does not work and without which the process is ready all the same.
    pub fn remarks(&self) -> Vec<String> {
        let dependencies = locked(&self.0.dependencies);
        dependencies.iter().filter(|each| !each.is_needed()).filter_map(|each| each.complaint()).collect()
    }
}

impl Inner {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.started_at.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl LoopState {
    fn silence(&self, now_ms: u64) -> Option<String> {
        // A beat may come between the two readings of the clock, hence saturating.
        let silent_ms = now_ms.saturating_sub(self.last_beat_ms.load(Ordering::Relaxed));
        let silent = Duration::from_millis(silent_ms);
        (silent > self.max_silence).then(|| {
            let limit = WithUnit(self.max_silence);
            format!("loop {} has been silent for {}, more than {limit}", self.name, WithUnit(silent))
        })
    }
}

impl DependencyState {
    fn is_needed(&self) -> bool {
        self.needed == Needed::Always || !self.worked_once.load(Ordering::Relaxed)
    }

    fn complaint(&self) -> Option<String> {
        locked(&self.unready).as_ref().map(|reason| format!("{} is not ready: {reason}", self.name))
    }
}

/// The sign of life of one loop. Dropping it ends the watch, because a loop that finished on purpose is not silent;
/// dropped by a panic it stays watched, and goes silent.
#[derive(Debug)]
pub struct Heartbeat {
    inner: Arc<Inner>,
    state: Arc<LoopState>,
}

impl Heartbeat {
    /// Says that the loop still turns. Cheap: one atomic store.
    pub fn beat(&self) {
        self.state.last_beat_ms.store(self.inner.now_ms(), Ordering::Relaxed);
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            locked(&self.inner.loops).retain(|each| !Arc::ptr_eq(each, &self.state));
        }
    }
}

/// One thing that the process needs, for the code that speaks to it. Clones are handles of the same dependency; it stays
/// part of the process's health when they are gone.
#[derive(Clone, Debug)]
pub struct Dependency(Arc<DependencyState>);

impl Dependency {
    /// The dependency works.
    pub fn set_ready(&self) {
        self.set(None);
    }

    /// The dependency does not work; `reason` is shown by `/readyz` and must not hold a secret.
    pub fn set_unready(&self, reason: impl Into<Cow<'static, str>>) {
        self.set(Some(reason.into()));
    }

    /// News is logged here, so that callers may tell on every attempt and need not log the same error again.
    fn set(&self, unready: Option<Cow<'static, str>>) {
        let name = &self.0.name;
        let before = std::mem::replace(&mut *locked(&self.0.unready), unready.clone());
        self.export(unready.is_none());
        if unready.is_none() {
            self.0.worked_once.store(true, Ordering::Relaxed);
        }
        match unready {
            None if before.is_some() => {
                self.0.startup_over.store(true, Ordering::Relaxed);
                info!(dependency = %name, "{name} is ready");
            }
            None => {}
            Some(reason) => {
                // A start is no trouble, every dependency is away for a moment then; a start that takes long is.
                let late = self.0.registered_at.elapsed() > LONGEST_STARTUP
                    && !self.0.startup_over.swap(true, Ordering::Relaxed);
                let news = before.as_ref() != Some(&reason);
                if late || news && self.0.startup_over.load(Ordering::Relaxed) {
                    warn!(dependency = %name, "{name} is not ready: {reason}");
                } else if news {
                    info!(dependency = %name, "{name} is not ready yet: {reason}");
                }
            }
        }
    }

    fn export(&self, ready: bool) {
        metrics::gauge!("dependency_ready", "dependency" => self.0.name.clone())
            .set(f64::from(u8::from(ready)));
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
