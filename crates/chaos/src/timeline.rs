//! What was done to the platform and when it was seen in effect, as it happens.

use std::{
    collections::BTreeSet,
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use common::clock;
use serde::Serialize;
use tokio::{sync::watch, time::Instant};

use crate::{
    phase::{Phase, RECOVERY},
    plan::Injection,
};

/// What happened to a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum What {
    Asked,
    /// There is proof that it is in force.
    InForce,
    /// It was asked for, and there is no proof.
    NotSeen,
    Healed,
    /// Of the episode as a whole.
    Note,
}

/// One line of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    /// Since the Unix epoch.
    pub(crate) at_ms: i64,
    /// The number of the fault.
    pub(crate) fault: Option<usize>,
    pub(crate) what: What,
    pub(crate) text: String,
}

/// What came of one fault.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Happened {
    #[serde(flatten)]
    pub(crate) injection: Injection,
    pub(crate) asked_ms: Option<i64>,
    /// The phase in which it was seen in force; none if it never was.
    pub(crate) in_force: Option<Phase>,
    /// What showed it, or why nothing did.
    pub(crate) evidence: String,
    pub(crate) healed_ms: Option<i64>,
}

/// Written by all faults of an episode at once.
#[derive(Debug)]
pub(crate) struct Timeline {
    begin: Instant,
    begin_ms: i64,
    bursts: Vec<Range<Duration>>,
    entries: Mutex<Vec<Entry>>,
    healed: watch::Sender<BTreeSet<usize>>,
}

impl Timeline {
    /// Begins now, with the workload.
    pub(crate) fn begin(bursts: &[Range<Duration>]) -> Self {
        Self {
            begin: Instant::now(),
            begin_ms: clock::now_ms(),
            bursts: bursts.to_vec(),
            entries: Mutex::default(),
            healed: watch::Sender::default(),
        }
    }

    pub(crate) fn begun(&self) -> Instant {
        self.begin
    }

    pub(crate) fn begun_ms(&self) -> i64 {
        self.begin_ms
    }

    pub(crate) fn tell(&self, fault: Option<usize>, what: What, text: impl Into<String>) {
        let entry = Entry { at_ms: clock::now_ms(), fault, what, text: text.into() };
        self.lock().push(entry);
        if let (Some(number), What::Healed) = (fault, what) {
            self.healed.send_modify(|healed| {
                healed.insert(number);
            });
        }
    }

    /// Waits until a fault was healed.
    pub(crate) async fn until_healed(&self, number: usize) {
        let mut healed = self.healed.subscribe();
        // The sender is ours: it does not go away.
        let _ = healed.wait_for(|healed| healed.contains(&number)).await;
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    /// What came of this one.
    pub(crate) fn happened(&self, injection: &Injection) -> Happened {
        let entries = self.lock();
        let of = |what| {
            let mut own = entries.iter().filter(move |entry| entry.fault == Some(injection.number));
            own.find(move |entry| entry.what == what)
        };
        let seen = of(What::InForce);
        let evidence = seen.or_else(|| of(What::NotSeen)).map(|entry| entry.text.clone());
        Happened {
            injection: injection.clone(),
            asked_ms: of(What::Asked).map(|entry| entry.at_ms),
            in_force: seen.map(|entry| self.phase(&entries, injection.number, entry.at_ms)),
            evidence: evidence.unwrap_or_else(|| "it was not asked for".to_owned()),
            healed_ms: of(What::Healed).map(|entry| entry.at_ms),
        }
    }

    /// What else went on then.
    fn phase(&self, entries: &[Entry], number: usize, at_ms: i64) -> Phase {
        let recovery_ms = i64::try_from(RECOVERY.as_millis()).unwrap_or(i64::MAX);
        let of_another = |entry: &Entry| entry.what == What::Healed && entry.fault != Some(number);
        let mut healed = entries.iter().filter(|entry| of_another(entry));
        if healed.any(|entry| (entry.at_ms..entry.at_ms + recovery_ms).contains(&at_ms)) {
            return Phase::Recovery;
        }
        let since = Duration::from_millis(u64::try_from(at_ms - self.begin_ms).unwrap_or_default());
        if self.bursts.iter().any(|burst| burst.contains(&since)) { Phase::Burst } else { Phase::Quiet }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kind::Kind, plan::Plan};

    fn entry(fault: usize, what: What, at_ms: i64) -> Entry {
        Entry { at_ms, fault: Some(fault), what, text: "as seen".to_owned() }
    }

    #[test]
    fn a_fault_counts_for_the_phase_in_which_it_was_seen_in_force() {
        let timeline = Timeline::begin(&[Duration::from_secs(2)..Duration::from_secs(3)]);
        let begin = timeline.begin_ms;
        let phase = |entries: &[Entry], at| timeline.phase(entries, 1, begin + at);
        assert_eq!(phase(&[], 1_000), Phase::Quiet);
        assert_eq!(phase(&[], 2_500), Phase::Burst);
        let healed = [entry(2, What::Healed, begin + 2_000)];
        assert_eq!(phase(&healed, 1_999), Phase::Quiet);
        assert_eq!(phase(&healed, 2_500), Phase::Recovery);
        assert_eq!(phase(&healed, 4_500), Phase::Quiet);
        let own = [entry(1, What::Healed, begin + 2_000)];
        assert_eq!(phase(&own, 2_500), Phase::Burst, "its own healing is no recovery from another");
    }

    #[tokio::test]
    async fn a_fault_that_was_only_asked_for_is_not_in_force() {
        let timeline = Timeline::begin(&[]);
        let plan = Plan::new(1, &[Kind::Kill]);
        let injection = &plan.injections[0];
        assert_eq!(timeline.happened(injection).asked_ms, None);
        timeline.tell(Some(injection.number), What::Asked, "");
        timeline.tell(Some(injection.number), What::NotSeen, "it went on");
        let happened = timeline.happened(injection);
        assert_eq!((happened.in_force, happened.evidence.as_str()), (None, "it went on"));
        timeline.tell(Some(injection.number), What::Healed, "");
        timeline.until_healed(injection.number).await;
        assert!(timeline.happened(injection).healed_ms.is_some());
    }
}
