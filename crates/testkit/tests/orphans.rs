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
use testkit::{Disk, eventually, paths};

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
        // The kernel lists what is mounted here with `\0407`: a shell takes the digit for a part of the escape.
        .prefix("with a space 7")
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
    eventually("their disks are unmounted", SOON, async || match mounts(parent.directory.path()) {
        left if left.is_empty() => Ok(()),
        left => Err(format!("{left:?}")),
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

/// What is mounted below; the kernel writes a space as `\040`.
fn mounts(directory: &Path) -> Vec<String> {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default().replace("\\040", " ");
    let below = |line: &&str| line.contains(&*directory.to_string_lossy());
    mounts.lines().filter(below).map(String::from).collect()
}

/// Whether there can be disks here; says so when there can be none.
fn disks() -> bool {
    let available = Disk::available();
    if let Err(error) = &available {
        paths::say(&format!("tests of disks are left out: {error:#}"));
    }
    available.is_ok()
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

#[tokio::test]
async fn a_disk_is_unmounted_with_a_server_running_on_it() {
    if !disks() {
        return;
    }
    let mut parent = parent(&["disk", "paused"]);
    assert_eq!(mounts(parent.directory.path()).len(), 1);
    parent.process.kill().unwrap();
    everything_vanishes(parent).await;
}

fn watchdog_of(parent: u32) -> Pid {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_it = |pid: &i32| {
        let read = |name| std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
        read("stat").contains(&format!(") S {parent} ")) && read("cmdline").contains("testkit-watchdog")
    };
    Pid::from_raw(numbers.find(is_it).unwrap()).unwrap()
}

#[tokio::test]
async fn what_a_killed_watchdog_left_mounted_is_unmounted_for_the_next_disk() {
    if !disks() {
        return;
    }
    let mut parent = parent(&["disk"]);
    kill_process(watchdog_of(parent.process.id()), Signal::KILL).unwrap();
    parent.process.kill().unwrap();
    parent.process.wait().unwrap();
    // NATS, Redis and Postgres, which ends in an orderly way so that it gives back its shared memory.
    for (pid, signal) in parent.pids.iter().zip([Signal::KILL, Signal::KILL, Signal::QUIT]) {
        kill_process(Pid::from_raw(*pid).unwrap(), signal).unwrap();
    }
    eventually("the servers are gone", SOON, async || {
        if parent.pids.iter().all(|pid| is_gone(*pid)) { Ok(()) } else { Err(format!("{:?}", parent.pids)) }
    })
    .await;
    assert_eq!(mounts(parent.directory.path()).len(), 1, "nobody has unmounted it");
    let _disk = Disk::of_megabytes(16).unwrap();
    assert_eq!(mounts(parent.directory.path()), Vec::<String>::new());
}
