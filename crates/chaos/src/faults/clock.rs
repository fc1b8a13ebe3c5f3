//! Clocks of processes that are ahead, behind, or jump.
//!
//! That a clock is wrong is seen in the process' own log: it writes a line for a request, with the time that it believes in.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chrono::DateTime;
use testkit::{FakeClock, ServiceProcess, poll};

use super::Fault;
use crate::skew::skews;

/// Far less than any clock is put wrong.
const CLOSE_MS: i64 = 400;
/// For a line of log to be written.
const SOON: Duration = Duration::from_millis(500);

/// Shows each wrong time for its part of the fault.
pub(super) async fn wrong(fault: &Fault<'_>) -> Result<()> {
    let labels = fault.injection.replicas.of(fault.service()?);
    let clocks: Vec<&FakeClock> = labels.iter().filter_map(|label| fault.world.clock(label)).collect();
    ensure!(clocks.len() == labels.len(), "these processes have no clock that can be put wrong");
    let processes = fault.processes()?;
    let skews = skews(fault.injection);
    let each = fault.injection.lasts / u32::try_from(skews.len().max(1)).unwrap_or(1);
    let mut seen = false;
    for ms in skews {
        clocks.iter().try_for_each(|clock| put(clock, ms))?;
        for process in &processes {
            if !seen && let Some(evidence) = shown(process, ms).await {
                fault.in_force(evidence);
                seen = true;
            }
        }
        tokio::time::sleep(each).await;
    }
    clocks.iter().try_for_each(|clock| clock.put_right())?;
    ensure!(seen, "no process showed the wrong time");
    Ok(())
}

fn put(clock: &FakeClock, ms: i64) -> Result<()> {
    let by = Duration::from_millis(ms.unsigned_abs());
    if ms < 0 { clock.put_behind(by) } else { clock.put_ahead(by) }
}

/// What the process says of the time, if it is as wrong as it should be.
async fn shown(process: &ServiceProcess, ms: i64) -> Option<String> {
    let asked = reqwest::Client::new().post(format!("{}/internal/what-time-is-it", process.http_url()));
    // Whatever the answer is: it is the line of log that counts.
    let _ = tokio::time::timeout(SOON, asked.send()).await;
    let seen = poll(SOON, async || {
        let off_ms = by_its_log(process).map_err(|error| format!("{error:#}"))?;
        if (off_ms - ms).abs() < CLOSE_MS { Ok(off_ms) } else { Err(format!("{off_ms} ms")) }
    });
    let off_ms = seen.await.ok()?;
    Some(format!("{} writes a time that is {off_ms} ms ahead", process.name()))
}

/// By how many ms the last line of its log is ahead.
fn by_its_log(process: &ServiceProcess) -> Result<i64> {
    let log = process.log();
    let line = log.lines().next_back().context("no line of log")?;
    let line: serde_json::Value = serde_json::from_str(line).context("read a line of log")?;
    let written = line["timestamp"].as_str().context("a line without its time")?;
    let written = DateTime::parse_from_rfc3339(written).context("read the time of a line")?;
    Ok(written.timestamp_millis() - common::clock::now_ms())
}
