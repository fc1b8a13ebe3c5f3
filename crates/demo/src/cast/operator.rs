//! Whoever is on call: at a terminal, with `fleet`.

use std::{path::PathBuf, process::Stdio};

use anyhow::{Context, Result, ensure};
use platform::{OPERATOR_TOKEN, Platform};
use serde_json::Value;
use tokio::{io::AsyncWriteExt as _, process::Command};

/// The operators' command line.
pub(crate) const FLEET: &str = "fleet";

/// Somebody with the token of an operator.
#[derive(Debug)]
pub(crate) struct Operator {
    fleet: PathBuf,
    console: String,
}

impl Operator {
    /// Finds the command, and the console of this platform.
    pub(crate) fn new(platform: &Platform) -> Result<Self> {
        let console = platform.console_url().context("a console")?;
        Ok(Self { fleet: testkit::locate(FLEET)?, console })
    }

    /// Runs a command with this on its stdin; the answer is what console answered.
    pub(crate) async fn run(&self, arguments: &[&str], stdin: &str) -> Result<Value> {
        let line = arguments.join(" ");
        let mut child = Command::new(&self.fleet)
            .args(arguments)
            .arg("--json")
            .env("FLEET_CONSOLE", &self.console)
            .env("FLEET_TOKEN", OPERATOR_TOKEN)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", self.fleet.display()))?;
        if let Some(mut pipe) = child.stdin.take() {
            // A command that reads none of it has closed it.
            let _ = pipe.write_all(stdin.as_bytes()).await;
        }
        let ended = child.wait_with_output().await.with_context(|| format!("fleet {line}"))?;
        let said = String::from_utf8_lossy(&ended.stderr);
        ensure!(ended.status.success(), "fleet {line} ended with {}: {said}", ended.status);
        serde_json::from_slice(&ended.stdout).with_context(|| format!("the answer to fleet {line}"))
    }
}
