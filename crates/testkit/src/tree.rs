//! The children of a process.

use std::{fs, process::Command};

use rustix::process::{Pid, Signal, kill_process};

/// The direct children of a process. It should be stopped meanwhile, or it may have more by the time of the answer.
pub(crate) fn children(parent: Pid) -> Vec<Pid> {
    let rows = from_proc().unwrap_or_else(from_ps);
    rows.into_iter().filter(|(_, its_parent)| *its_parent == Some(parent)).map(|(pid, _)| pid).collect()
}

/// Sends a signal; a process that is gone is no failure.
pub(crate) fn signal(pid: Pid, signal: Signal) {
    let _ = kill_process(pid, signal);
}

/// Whether a process is gone, or dead and only not yet reaped by its new parent.
pub fn is_gone(pid: Pid) -> bool {
    if rustix::process::test_kill_process(pid).is_err() {
        return true;
    }
    matches!(state(pid), Some('Z' | 'X'))
}

/// Whether a process has stopped: it does so some time after it was sent the signal, and may fork until then. Where the
/// system does not tell, it counts as stopped.
pub(crate) fn is_stopped(pid: Pid) -> bool {
    state(pid).is_none_or(|state| matches!(state, 'T' | 't' | 'Z' | 'X'))
}

/// The letter that Linux has for what a process is doing.
fn state(pid: Pid) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

type Row = (Pid, Option<Pid>);

fn from_proc() -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(pid) else { continue };
        // The second field is the program's name in parentheses, and may itself contain anything.
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)).and_then(self::pid);
        rows.push((pid, parent));
    }
    (!rows.is_empty()).then_some(rows)
}

fn from_ps() -> Vec<Row> {
    let Ok(output) = Command::new("ps").args(["-A", "-o", "pid=", "-o", "ppid="]).output() else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next().and_then(pid)?, words.next().and_then(pid)))
        })
        .collect()
}

fn pid(text: &str) -> Option<Pid> {
    Pid::from_raw(text.parse().ok()?)
}
