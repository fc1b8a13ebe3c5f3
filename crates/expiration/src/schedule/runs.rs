//! In which runs of Redis this process has had a connection.
//!
//! A run that comes back is a trap: the server was another one's primary meanwhile, or none, and nobody has told it. Its data are
//! whole, its checkpoint is of its run, and what the other server acknowledged in between is not there. It happens where a
//! Sentinel gives up half-way because the new primary is gone as well, or where an address is led back by hand.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// More failovers than anybody remembers.
const MOST: usize = 64;

/// What is known of it.
#[derive(Debug, Default)]
pub(super) struct Runs(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// The newest last.
    runs: Vec<String>,
    came_back: bool,
}

impl Runs {
    /// There is a connection in this run.
    pub(super) fn note(&self, run: &str) {
        let mut seen = self.seen();
        if seen.runs.last().is_some_and(|last| last == run) {
            return;
        }
        seen.came_back |= seen.runs.iter().any(|earlier| earlier == run);
        seen.runs.retain(|earlier| earlier != run);
        seen.runs.push(run.to_owned());
        let too_many = seen.runs.len().saturating_sub(MOST);
        seen.runs.drain(..too_many);
    }

    /// Whether a run has come back since the last [`Self::dealt_with`].
    pub(super) fn came_back(&self) -> bool {
        self.seen().came_back
    }

    /// What the other server acknowledged is being brought back.
    pub(super) fn dealt_with(&self) {
        self.seen().came_back = false;
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The run in an answer of `INFO replication`; the scripts read it in the same way.
pub(super) fn of(info: &str) -> &str {
    let run = info.lines().find_map(|line| line.strip_prefix("master_replid:"));
    run.map_or("unknown", str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether one comes back in these.
    fn comes_back(runs: &[&str]) -> bool {
        let seen = Runs::default();
        runs.iter().for_each(|run| seen.note(run));
        seen.came_back()
    }

    #[test]
    fn only_a_run_that_was_left_can_come_back() {
        assert!(!comes_back(&["a", "a", "b", "b", "c"]));
        assert!(comes_back(&["a", "b", "a"]));
        assert!(comes_back(&["a", "b", "c", "c", "a", "d"]), "it is not forgotten by the next");
        let seen = Runs::default();
        ["a", "b", "a"].iter().for_each(|run| seen.note(run));
        seen.dealt_with();
        seen.note("a");
        assert!(!seen.came_back());
        seen.note("b");
        assert!(seen.came_back());
    }

    #[test]
    fn the_run_is_read_from_what_the_server_says() {
        assert_eq!(
            of("# Replication\r\nrole:master\r\nmaster_replid:4507541a\r\nmaster_replid2:0\r\n"),
            "4507541a"
        );
        assert_eq!(of("role:master\r\n"), "unknown");
    }
}
