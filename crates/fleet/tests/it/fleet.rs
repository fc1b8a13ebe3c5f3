//! Runs the binary as a person would.

use std::process::Stdio;

use serde_json::Value;
use tokio::{io::AsyncWriteExt as _, process::Command};

/// A token that is long enough.
pub(crate) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// How a command ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// The one line of JSON on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// With this status.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// The binary with nothing of this process' environment that it would heed.
pub(crate) fn command(console: &str, token: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
    command
        .args(args)
        .env_clear()
        .env("PATH", option_env!("PATH").unwrap_or("/usr/bin:/bin"))
        .env("FLEET_CONSOLE", console)
        .env("FLEET_TOKEN", token)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Runs it to its end. A line is taken apart at blanks.
pub(crate) async fn run(console: &str, token: &str, line: &str) -> Ended {
    ended(command(console, token, &line.split_whitespace().collect::<Vec<_>>())).await
}

/// The same, with this on stdin.
pub(crate) async fn run_with(console: &str, token: &str, line: &str, stdin: &str) -> Ended {
    let mut command = command(console, token, &line.split_whitespace().collect::<Vec<_>>());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(stdin.as_bytes()).await.unwrap();
    drop(pipe);
    of(child.wait_with_output().await.unwrap())
}

/// Runs a command that was made by hand.
pub(crate) async fn ended(mut command: Command) -> Ended {
    of(command.output().await.unwrap())
}

/// What a process left.
pub(crate) fn of(output: std::process::Output) -> Ended {
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
