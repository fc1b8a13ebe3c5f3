//! What clears up after this process, however it dies.
//!
//! A shell in a process group of its own reads our pipe: `+pid` and `-pid` name the process groups that are alive.
//! The pipe closes when we die, also by kill -9; then it kills what is left and removes the temporary directory.

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
[ -z "$1" ] || rm -rf -- "$1"
"#;

/// The one watchdog of this process.
pub(crate) struct Watchdog {
    pipe: Mutex<ChildStdin>,
}

impl Watchdog {
    /// Starts it; `remove` is the directory to remove in the end.
    pub(crate) fn start(remove: Option<&Path>) -> Result<Self> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "testkit-watchdog"])
            .arg(remove.unwrap_or(Path::new("")))
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
