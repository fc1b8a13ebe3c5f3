//! How a process ends: everyone is told, everyone is waited for, and the wait has a limit.
//!
//! There are two groups, stopped one after the other. Loops go first; the HTTP server goes last, so that the probes
//! answer and requests are taken until nothing else runs: Kubernetes goes on sending requests for a while after SIGTERM.

mod group;
mod signals;

pub use group::EndedEarly;
pub(super) use group::panic_text;
pub use signals::{Signal, Signals};

use std::{borrow::Cow, time::Duration};

use tokio_util::sync::CancellationToken;

use super::config::duration::WithUnit;
use group::Group;

/// Tells the tasks of one process to end, and waits for them. Clones are handles of the same shutdown.
#[derive(Clone, Debug)]
pub struct Shutdown {
    loops: Group,
    servers: Group,
}

/// The drain took longer than it may. What is still running is cut off, which must be as safe as `kill -9`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not drained within {}, still running: {}", WithUnit(*limit), running.join(", "))]
pub struct DrainTimedOut {
    /// The limit that was exceeded.
    pub limit: Duration,
    /// Names of the tasks that have not ended.
    pub running: Vec<String>,
}

impl Shutdown {
    /// A shutdown that has not begun, without tasks.
    #[expect(
        clippy::new_without_default,
        reason = "two shutdowns in one process is a mistake that Default invites"
    )]
    pub fn new() -> Self {
        // One report for both: the first that ends by itself ends the process.
        let loops = Group::new();
        let servers = loops.sibling();
        Self { loops, servers }
    }

    /// Cancelled when the drain begins. Loops select on it and then finish what they hold.
    pub fn stopping(&self) -> CancellationToken {
        self.loops.stopping()
    }

    /// Runs a task that ends only once [`Shutdown::stopping`] is cancelled. If it ends earlier, with an error or by a
    /// panic too, [`Shutdown::ended_early`] tells.
    pub fn spawn<F>(&self, name: impl Into<Cow<'static, str>>, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        self.loops.spawn(name.into(), task);
    }

    /// The same for a server, which is told to end only when all loops have: `start` gets the token for that.
    pub(super) fn spawn_server<F>(&self, name: &'static str, start: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        self.servers.spawn(name.into(), start(self.servers.stopping()));
    }

    /// Waits for the first task that ended though nobody told it to.
    pub async fn ended_early(&self) -> EndedEarly {
        self.loops.ended_early().await
    }

    /// Tells all loops to end, waits for them, then does the same with the servers.
    ///
    /// # Errors
    /// If that took longer than `limit`; the tasks are still running then.
    pub async fn drain(&self, limit: Duration) -> Result<(), DrainTimedOut> {
        let all = async {
            self.loops.end().await;
            self.servers.end().await;
        };
        tokio::time::timeout(limit, all).await.map_err(|_| {
            let running = self.loops.running().chain(self.servers.running()).collect();
            DrainTimedOut { limit, running }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn a_drain_waits_for_loops_and_then_for_servers() {
        let shutdown = Shutdown::new();
        let ends = Arc::new(Mutex::new(Vec::new()));
        let (stopping, log) = (shutdown.stopping(), Arc::clone(&ends));
        shutdown.spawn("slow loop", async move {
            stopping.cancelled().await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            log.lock().unwrap().push("loop");
            Ok(())
        });
        let log = Arc::clone(&ends);
        shutdown.spawn_server("http", |stop| async move {
            stop.cancelled().await;
            log.lock().unwrap().push("server");
            Ok(())
        });
        assert_eq!(shutdown.drain(LIMIT).await, Ok(()));
        assert_eq!(*ends.lock().unwrap(), ["loop", "server"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_past_its_limit_names_what_still_runs() {
        let shutdown = Shutdown::new();
        shutdown.spawn("relay", std::future::pending());
        shutdown.spawn("obedient", {
            let token = shutdown.stopping();
            async move {
                token.cancelled().await;
                Ok(())
            }
        });
        shutdown.spawn_server("http", |stop| async move {
            stop.cancelled().await;
            Ok(())
        });
        let timed_out = shutdown.drain(LIMIT).await.unwrap_err();
        assert_eq!(timed_out.to_string(), "not drained within 5s, still running: relay, http");
    }

    #[tokio::test]
    async fn a_task_that_ends_by_itself_is_told_with_its_name_and_reason() {
        for (reason, expected) in [
            (Ok(()), "task relay ended by itself: it returned"),
            (Err(anyhow::anyhow!("lost").context("reading")), "task relay ended by itself: reading: lost"),
        ] {
            let shutdown = Shutdown::new();
            shutdown.spawn("relay", async { reason });
            assert_eq!(shutdown.ended_early().await.to_string(), expected);
        }
    }

    #[tokio::test]
    async fn a_task_that_panics_is_told_with_what_it_said() {
        let shutdown = Shutdown::new();
        shutdown.spawn("relay", async { panic!("no {}", "way") });
        let ended = shutdown.ended_early().await.to_string();
        assert_eq!(ended, "task relay ended by itself: it panicked: no way");
        assert_eq!(shutdown.drain(LIMIT).await, Ok(()), "a task that panicked still runs for the drain");
    }

    #[tokio::test]
    async fn a_task_that_fails_while_draining_did_not_end_early() {
        let shutdown = Shutdown::new();
        let stopping = shutdown.stopping();
        shutdown.spawn("relay", async move {
            stopping.cancelled().await;
            anyhow::bail!("redis is down, claims lapse by themselves")
        });
        assert_eq!(shutdown.drain(LIMIT).await, Ok(()));
        let told = tokio::time::timeout(Duration::from_millis(1), shutdown.ended_early()).await;
        assert!(told.is_err(), "{told:?}");
    }
}
