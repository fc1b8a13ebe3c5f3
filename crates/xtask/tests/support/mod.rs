//! A command of `cargo xtask` as a process, and what it prints as JSON, line by line.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Longer than the watchdog gives Postgres to end by itself.
const SOON: Duration = Duration::from_secs(15);
/// Until the next line: before the first one everything may have to be built.
const SILENT: Duration = Duration::from_secs(600);
/// Until the next line of a command that was told to end.
const ENDED: Duration = Duration::from_secs(60);

/// A command that runs, until this is dropped.
pub(crate) struct Xtask {
    process: Child,
    lines: Receiver<String>,
}

impl Xtask {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        let mut process = command.args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        // In a thread of its own, so that a command which hangs is no test that does.
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { process, lines }
    }

    fn line(&self, limit: Duration) -> Option<Value> {
        match self.lines.recv_timeout(limit) {
            Ok(line) => Some(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("it has said nothing for {limit:?} and not ended"),
        }
    }

    /// Everything that it says up to the first line with this event.
    pub(crate) fn until(&self, event: &str) -> Vec<Value> {
        let mut said: Vec<Value> = Vec::new();
        while let Some(line) = self.line(SILENT) {
            said.push(line);
            if said.last().unwrap()["event"] == event {
                return said;
            }
        }
        panic!("it ended without {event}: {said:#?}");
    }

    /// What it still says, and its exit status.
    pub(crate) fn end(mut self) -> (Vec<Value>, Option<i32>) {
        let said = std::iter::from_fn(|| self.line(ENDED)).collect();
        (said, self.process.wait().unwrap().code())
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }
}

impl Drop for Xtask {
    /// It would run on after a test that has failed.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The processes that it says it has started, at least so many: one of each of six services, and the three servers where
/// it starts them too.
pub(crate) fn pids(said: &[Value], least: usize) -> Vec<Pid> {
    let of = |line: &Value| line["processes"].as_array().cloned().unwrap_or_default();
    let pids: Vec<_> = said.iter().flat_map(of).map(|process| process["pid"].as_i64().unwrap()).collect();
    assert!(pids.len() >= least, "{least} processes: {pids:?}");
    pids.into_iter().map(|pid| Pid::from_raw(pid.try_into().unwrap()).unwrap()).collect()
}

pub(crate) async fn are_gone(pids: &[Pid]) {
    testkit::eventually("everything that it started is gone", SOON, async || {
        let left: Vec<_> = pids.iter().filter(|pid| !testkit::is_gone(**pid)).collect();
        if left.is_empty() { Ok(()) } else { Err(format!("alive: {left:?}")) }
    })
    .await;
}
