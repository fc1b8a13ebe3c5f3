//! `topology apply`, as an operator runs it before a rollout.

use std::{path::Path, time::Duration};

use anyhow::{Result, anyhow};
use platform::CLUSTER;
use testkit::poll;
use tokio::process::Command;

use super::streams::BYTES;

/// Longer than other faults keep the broker away.
const APPLIED: Duration = Duration::from_secs(60);

/// Runs it until it has left nothing that differs.
///
/// # Errors
/// With what it said, when it has not done so after a minute.
pub(super) async fn apply(program: &Path, nats_url: &str, replicas: usize) -> Result<()> {
    let applied = poll(APPLIED, async || {
        let mut apply = Command::new(program);
        apply.arg("apply").env("NATS_URL", nats_url).env("NATS_CLUSTER_ID", CLUSTER);
        apply.env("NATS_REPLICAS", replicas.to_string()).env("NATS_STREAM_BYTES", BYTES.to_string());
        let output = apply.kill_on_drop(true).output().await;
        let output = output.map_err(|error| format!("it can't be run: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        Err(format!("{}: {}", output.status, said.concat()))
    });
    applied.await.map_err(|last| anyhow!("`topology apply` did not end well within {APPLIED:?}: {last}"))
}
