//! Acts that were refused: the first ones of each second whole, the others as a number.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use common::operator::{AuditEntry, AuditOutcome};
use messaging::AuditLog;
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    time::{interval, sleep},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::debug;

use super::{Author, Details, Target, entry};

/// Refusals of one second that are kept whole.
const WHOLE: u32 = 10;
const SECOND: Duration = Duration::from_secs(1);
/// Refusals that wait to be written while the broker is away; more are only counted.
const WAITING: usize = 256;
/// Until a refusal that could not be written is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often one that could not be written is tried, once the process ends.
const LAST_ATTEMPTS: u32 = 2;

type Refused = (AuditEntry, String);

/// Takes refusals without making anybody wait.
#[derive(Debug)]
pub(super) struct Refusals {
    sender: Sender<Refused>,
    /// When the present second began, and how many were whole in it.
    second: Mutex<(Instant, u32)>,
    counted: std::sync::Arc<AtomicU64>,
}

impl Refusals {
    pub(super) fn start(log: AuditLog, writing: &TaskTracker, stop: CancellationToken) -> Self {
        let (sender, receiver) = channel(WAITING);
        let counted = std::sync::Arc::new(AtomicU64::new(0));
        writing.spawn(write(log, receiver, std::sync::Arc::clone(&counted), stop));
        Self { sender, second: Mutex::new((Instant::now(), 0)), counted }
    }

    pub(super) fn note(&self, entry: AuditEntry, subject: String) {
        if !self.may_be_whole() || self.sender.try_send((entry, subject)).is_err() {
            self.counted.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn may_be_whole(&self) -> bool {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        if second.0.elapsed() >= SECOND {
            *second = (Instant::now(), 0);
        }
        second.1 += 1;
        second.1 <= WHOLE
    }
}

async fn write(
    log: AuditLog,
    mut receiver: Receiver<Refused>,
    counted: std::sync::Arc<AtomicU64>,
    stop: CancellationToken,
) {
    let mut seconds = interval(SECOND);
    loop {
        tokio::select! {
            Some((entry, subject)) = receiver.recv() => store(&log, &entry, &subject, &stop).await,
            _ = seconds.tick() => tell_count(&log, &counted, &stop).await,
            () = stop.cancelled() => break,
        }
    }
    while let Ok((entry, subject)) = receiver.try_recv() {
        store(&log, &entry, &subject, &stop).await;
    }
    tell_count(&log, &counted, &stop).await;
}

/// One entry for all that were not kept whole since the last one.
async fn tell_count(log: &AuditLog, counted: &AtomicU64, stop: &CancellationToken) {
    let count = counted.swap(0, Ordering::Relaxed);
    if count == 0 {
        return;
    }
    let note = Some(format!("{count} more were refused, too fast to keep each"));
    let details = Details { count: Some(count), note, ..Details::default() };
    let act = common::event::Id::generate().to_string();
    let entry = entry(&Author::default(), &act, "refused", &Target::Console, AuditOutcome::Refused, details);
    store(log, &entry, &Target::Console.subject(), stop).await;
}

/// Until it is stored; at the end of the process not for ever.
async fn store(log: &AuditLog, entry: &AuditEntry, subject: &str, stop: &CancellationToken) {
    let Ok(body) = serde_json::to_vec(entry) else { return };
    let mut last = 0;
    loop {
        match log.store(subject, &entry.act, body.clone().into()).await {
            Ok(_) => return,
            Err(error) => debug!("a refusal is not in the audit yet: {error:#}"),
        }
        last += u32::from(stop.is_cancelled());
        if last >= LAST_ATTEMPTS {
            return;
        }
        let _ = stop.run_until_cancelled(sleep(PAUSE)).await;
    }
}
