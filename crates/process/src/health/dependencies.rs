//! What a process needs, and whether it works.

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;
use tracing::{info, warn};

use super::{Name, locked};

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
pub(super) struct DependencyState {
    name: Name,
    needed: Needed,
    /// Why it is not ready, if it is not.
    unready: Mutex<Option<Cow<'static, str>>>,
    registered_at: Instant,
    worked_once: AtomicBool,
    /// It was ready once, or should have been by now: from then on it is news when it is not.
    startup_over: AtomicBool,
}

impl DependencyState {
    pub(super) fn new(name: Name, needed: Needed, unready: &'static str) -> Self {
        Self {
            name,
            needed,
            unready: Mutex::new(Some(unready.into())),
            registered_at: Instant::now(),
            worked_once: AtomicBool::new(false),
            startup_over: AtomicBool::new(false),
        }
    }

    pub(super) fn is_needed(&self) -> bool {
        self.needed == Needed::Always || !self.worked_once.load(Ordering::Relaxed)
    }

    pub(super) fn complaint(&self) -> Option<String> {
        locked(&self.unready).as_ref().map(|reason| format!("{} is not ready: {reason}", self.name))
    }
}

/// One thing that the process needs, for the code that speaks to it. Clones are handles of the same dependency; it stays
/// part of the process's health when they are gone.
#[derive(Clone, Debug)]
pub struct Dependency(Arc<DependencyState>);

impl Dependency {
    pub(super) fn new(state: Arc<DependencyState>) -> Self {
        let dependency = Self(state);
        dependency.export(false);
        dependency
    }

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
