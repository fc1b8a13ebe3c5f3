//! What is broken on purpose, and what is sent that nobody can read: the judge has to know.

use std::sync::{Mutex, MutexGuard, PoisonError};

use common::clock;
use judge::{Effect, Harm, Poison};

/// Written down while the story is played.
#[derive(Debug, Default)]
pub(super) struct Mischief(Mutex<Done>);

/// All of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Done {
    pub(super) harms: Vec<Harm>,
    pub(super) poison: Vec<Poison>,
    /// Subjects of the dead letters that were replayed with a body that can be read.
    pub(super) mended: Vec<String>,
}

impl Mischief {
    /// Something is broken from now on.
    pub(super) fn begins(&self, effect: Effect) {
        self.inner().harms.push(Harm { effect, from_ms: clock::now_ms(), to_ms: i64::MAX });
    }

    /// It is ready again.
    pub(super) fn ends(&self, effect: Effect) {
        let now_ms = clock::now_ms();
        let mut done = self.inner();
        let open = done.harms.iter_mut().filter(|harm| harm.effect == effect && harm.to_ms == i64::MAX);
        open.for_each(|harm| harm.to_ms = now_ms);
    }

    /// A message is stored that no listener can read.
    pub(super) fn poisons(&self, poison: Poison) {
        self.inner().poison.push(poison);
    }

    /// The dead letter with this subject was replayed with a body that can be read.
    pub(super) fn mends(&self, letter: String) {
        self.inner().mended.push(letter);
    }

    /// All that was done so far.
    pub(super) fn done(&self) -> Done {
        self.inner().clone()
    }

    fn inner(&self) -> MutexGuard<'_, Done> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
