//! Tasks that are told to end together.

use std::{
    any::Any,
    borrow::Cow,
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, error};

/// A task that ended though nobody told it to. The process cannot do its duty without it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("task {name} ended by itself: {reason}")]
pub struct EndedEarly {
    /// The name that the task was given.
    pub name: String,
    /// Its error, what its panic said, or that it returned.
    pub reason: String,
}

#[derive(Clone, Debug)]
pub(super) struct Group {
    stopping: CancellationToken,
    tracker: TaskTracker,
    running: Arc<Mutex<Running>>,
    early: Arc<Early>,
}

#[derive(Debug, Default)]
struct Running {
    next: u64,
    names: BTreeMap<u64, Cow<'static, str>>,
}

/// The first task that ended early; those after it most often fell over the first.
#[derive(Debug, Default)]
struct Early(watch::Sender<Option<EndedEarly>>);

impl Group {
    pub(super) fn new() -> Self {
        Self::reporting_to(Arc::default())
    }

    /// Another group, that reports to the same place.
    pub(super) fn sibling(&self) -> Self {
        Self::reporting_to(Arc::clone(&self.early))
    }

    fn reporting_to(early: Arc<Early>) -> Self {
        let tracker = TaskTracker::new();
        Self { stopping: CancellationToken::new(), tracker, running: Arc::default(), early }
    }

    pub(super) fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    pub(super) fn spawn<F>(&self, name: Cow<'static, str>, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let entry = Entry::new(&self.running, name.clone());
        let (stopping, early) = (self.stopping.clone(), Arc::clone(&self.early));
        self.tracker.spawn(async move {
            let result = AssertUnwindSafe(task).catch_unwind().await;
            drop(entry);
            let (reason, failed) = match result {
                Ok(Ok(())) => ("it returned".to_owned(), false),
                Ok(Err(error)) => (format!("{error:#}"), true),
                Err(panic) => (format!("it panicked: {}", panic_text(panic.as_ref())), true),
            };
            if !stopping.is_cancelled() {
                early.tell(EndedEarly { name: name.into_owned(), reason });
            } else if failed {
                error!(task = %name, "task {name} failed while draining: {reason}");
            } else {
                debug!(task = %name, "task {name} has drained");
            }
        });
    }

    pub(super) async fn ended_early(&self) -> EndedEarly {
        self.early.wait().await
    }

    /// Tells every task to end and waits until they have.
    pub(super) async fn end(&self) {
        self.stopping.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }

    pub(super) fn running(&self) -> impl Iterator<Item = String> + use<> {
        let names: Vec<_> = locked(&self.running).names.values().map(ToString::to_string).collect();
        names.into_iter()
    }
}

impl Early {
    fn tell(&self, ended: EndedEarly) {
        self.0.send_if_modified(|first| {
            if first.is_some() {
                error!(task = ended.name, "{ended}");
                return false;
            }
            // This one is logged where it is awaited.
            *first = Some(ended);
            true
        });
    }

    async fn wait(&self) -> EndedEarly {
        let mut told = self.0.subscribe();
        match told.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(ended)) => ended.clone(),
            // The sender is `self`, and it holds something.
            _ => std::future::pending().await,
        }
    }
}

/// A name on the list of those running, for as long as it lives; a task that is cut off takes it along.
struct Entry {
    running: Arc<Mutex<Running>>,
    key: u64,
}

impl Entry {
    fn new(running: &Arc<Mutex<Running>>, name: Cow<'static, str>) -> Self {
        let mut list = locked(running);
        let key = list.next;
        list.next += 1;
        list.names.insert(key, name);
        drop(list);
        Self { running: Arc::clone(running), key }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        locked(&self.running).names.remove(&self.key);
    }
}

fn locked(running: &Mutex<Running>) -> MutexGuard<'_, Running> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a panic said. A panic's payload is a text in practice, but nothing enforces it.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without a text".to_owned()
    }
}
