//! Nothing outlives the process that started it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use testkit::eventually;

/// Longer than the watchdog gives Postgres to end by itself.
const SOON: Duration = Duration::from_secs(15);

fn example(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().unwrap().with_file_name("examples").join(name)
}

fn is_gone(pid: i32) -> bool {
    testkit::is_gone(rustix::process::Pid::from_raw(pid).unwrap())
}

/// A process with servers, its temporary directory, and their process numbers.
struct Parent {
    process: Child,
    pids: Vec<i32>,
    directory: tempfile::TempDir,
}

fn parent(arguments: &[&str]) -> Parent {
    let directory = tempfile::Builder::new()
        .prefix("with a space ")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .tempdir()
        .unwrap();
    let mut process = Command::new(example("abandons"))
        .args(arguments)
        .env("TMPDIR", directory.path())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let pids: Vec<i32> = line.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
    assert_eq!(pids.len(), 4, "it says {line:?}");
    assert!(pids.iter().all(|pid| !is_gone(*pid)));
    Parent { process, pids, directory }
}

async fn everything_vanishes(mut parent: Parent) {
    eventually("the process has ended", SOON, async || match parent.process.try_wait().unwrap() {
        Some(_) => Ok(()),
        None => Err("it is running".to_owned()),
    })
    .await;
    eventually("the servers are gone", SOON, async || {
        let left: Vec<_> = parent.pids.iter().filter(|pid| !is_gone(**pid)).collect();
        if left.is_empty() { Ok(()) } else { Err(format!("alive: {left:?}")) }
    })
    .await;
    eventually("their data is removed", SOON, async || match leftovers(parent.directory.path()) {
        left if left.is_empty() => Ok(()),
        left => Err(format!("{left:?}")),
    })
    .await;
}

/// What belonged to the process alone; locks and templates are for all, and stay.
fn leftovers(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("testkit-process-")).collect()
}

#[tokio::test]
async fn the_servers_of_a_process_that_is_killed_with_9_vanish_with_it() {
    let mut parent = parent(&[]);
    parent.process.kill().unwrap();
    everything_vanishes(parent).await;
}

#[tokio::test]
async fn paused_servers_vanish_as_well() {
    let mut parent = parent(&["paused"]);
    parent.process.kill().unwrap();
    everything_vanishes(parent).await;
}

#[tokio::test]
async fn ctrl_c_leaves_no_server() {
    let parent = parent(&[]);
    // A terminal sends it to every process of the foreground group.
    kill_process_group(Pid::from_child(&parent.process), Signal::INT).unwrap();
    everything_vanishes(parent).await;
}

#[tokio::test]
async fn a_process_that_is_told_to_end_leaves_no_server() {
    let parent = parent(&[]);
    kill_process(Pid::from_child(&parent.process), Signal::TERM).unwrap();
    everything_vanishes(parent).await;
}
