//! What clears up after this process, however it dies.
//!
//! A shell in a process group of its own reads our pipe: `+pid` and `-pid` name the process groups that are alive.
//! The pipe closes when we die, also by kill -9; then it kills what is left, unmounts its disks and
//! removes the temporary directory.

use std::{
    io::Write,
    os::unix::process::CommandExt,
    path::Path,
    process::{ChildStdin, Command, Stdio},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result};
use rustix::process::Pid;

/// `--` stands before each negative number: dash takes it for an option otherwise, and kills nothing.
/// Disks below the directory are unmounted. The kernel lists them with a space written as `\040`; `%b` wants `\0040`, for it
/// would read the digit that follows in `\0407` too.
/// `q` before a pid asks for SIGQUIT first: Postgres then gives back its shared memory, which outlives it otherwise.
const SCRIPT: &str = r#"
trap '' INT TERM HUP QUIT PIPE
groups=' '
quick=' '
forget() { # list pid: prints the list without the pid
    case $1 in
    *" $2 "*) printf '%s %s' "${1%% "$2" *}" "${1#* "$2" }" ;;
    *) printf '%s' "$1" ;;
    esac
}
while IFS= read -r line; do
    pid=${line#?}
    case $line in
    +*) groups="$groups$pid " ;;
    q*) quick="$quick$pid " ;;
    -*) groups="$(forget "$groups" "$pid")"; quick="$(forget "$quick" "$pid")" ;;
    esac
done
for pid in $quick; do kill -s CONT -- "-$pid"; kill -s QUIT -- "-$pid"; done
for pid in $quick; do
    tries=0
    while kill -s 0 -- "-$pid" && [ "$tries" -lt 20 ]; do sleep 0.05; tries=$((tries + 1)); done
done
for pid in $groups $quick; do kill -s KILL -- "-$pid"; done
clear_up() { # directory remove
    sed 's/\\/\\0/g' /proc/mounts | while read -r device mount rest; do
        mount="$(printf '%b' "$mount")"
        case $mount in "$1"/*) umount "$mount" || umount -l "$mount" ;; esac
    done
    [ -z "$2" ] || rm -rf -- "$1"
}
# What a server that was just killed had begun may still make a file.
tries=0
until clear_up "$1" "$2" || [ "$tries" -ge 100 ]; do sleep 0.05; tries=$((tries + 1)); done
"#;

/// The one watchdog of this process.
pub(crate) struct Watchdog {
    pipe: Mutex<ChildStdin>,
}

impl Watchdog {
    /// Starts it for what lies below this directory, which is removed in the end unless it is kept.
    pub(crate) fn start(root: &Path, keep: bool) -> Result<Self> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "testkit-watchdog"])
            .arg(root)
            .arg(if keep { "" } else { "remove" })
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("start /bin/sh, which clears up after the tests")?;
        let pipe = child.stdin.take().context("the pipe to the watchdog")?;
        Ok(Self { pipe: Mutex::new(pipe) })
    }

    /// From now on the group of this process dies with us.
    pub(crate) fn watch(&self, leader: Pid, quick: bool) -> Result<()> {
        self.tell(if quick { 'q' } else { '+' }, leader)
    }

    /// This process is gone, and its number may be given to another.
    pub(crate) fn forget(&self, leader: Pid) -> Result<()> {
        self.tell('-', leader)
    }

    fn tell(&self, sign: char, pid: Pid) -> Result<()> {
        let mut pipe = self.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(pipe, "{sign}{}", pid.as_raw_nonzero()).context("tell the watchdog: was it killed?")
    }
}
