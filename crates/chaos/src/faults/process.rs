//! Processes of services that are killed, stopped, restarted, or rolled to another release and back.

use std::time::Duration;

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use rustix::process::Pid;
use testkit::ServiceProcess;

use super::Fault;

/// The limit of the drain, and some.
const DRAIN: Duration = Duration::from_secs(25);

/// `kill -9`, and some time until it is started again.
pub(super) async fn kill(fault: &Fault<'_>) -> Result<()> {
    let processes = fault.processes()?;
    let mut gone = Vec::new();
    for process in &processes {
        let pid = process.pid();
        let ran = process.is_running();
        process.kill().await?;
        if ran && Pid::from_raw(pid.cast_signed()).is_some_and(testkit::is_gone) {
            gone.push(format!("process {pid} of {} is gone", process.name()));
        }
    }
    ensure!(!gone.is_empty(), "nothing was running that could be killed");
    fault.in_force(gone.join(", "));
    fault.last().await;
    try_join_all(processes.into_iter().map(|process| fault.start_again(process))).await?;
    Ok(())
}

/// SIGSTOP, and SIGCONT some time later.
pub(super) async fn stop(fault: &Fault<'_>) -> Result<()> {
    let processes = fault.processes()?;
    let mut stopped = Vec::new();
    for process in &processes {
        // It waits until the system says that the process stands still.
        if process.pause().is_ok() {
            stopped.push(format!("process {} of {} stands still", process.pid(), process.name()));
        }
    }
    ensure!(!stopped.is_empty(), "nothing was running that could be stopped");
    fault.in_force(stopped.join(", "));
    fault.last().await;
    for process in processes {
        // Somebody else may have killed it meanwhile.
        let _ = process.resume();
        let _ = process.ready(super::BACK).await;
    }
    Ok(())
}

/// SIGTERM, the drain, and a new start.
pub(super) async fn restart(fault: &Fault<'_>) -> Result<()> {
    let mut ended = Vec::new();
    let processes = fault.processes()?;
    for process in &processes {
        let pid = process.pid();
        if drain(process).await? {
            ended.push(format!("process {pid} of {} has drained", process.name()));
        }
    }
    ensure!(!ended.is_empty(), "nothing was running that could be restarted");
    fault.in_force(ended.join(", "));
    fault.last().await;
    try_join_all(processes.into_iter().map(|process| fault.start_again(process))).await?;
    Ok(())
}

/// One replica after the other runs the release before, and after some time the current one again, as UPGRADE says: a stream
/// that was made anew meanwhile may be one of the release before, and lack subjects.
pub(super) async fn release_before(fault: &Fault<'_>) -> Result<()> {
    let (name, programs) = (fault.service()?, &fault.world.programs);
    ensure!(programs.use_release_before(name).await?, "the release before had no {name}");
    let rolled = roll(fault).await;
    if rolled.is_ok() {
        fault.in_force(format!("both replicas of {name} run the release before"));
        fault.last().await;
    }
    programs.use_current(name).await?;
    rolled?;
    fault.world.apply_topology().await?;
    roll(fault).await
}

async fn roll(fault: &Fault<'_>) -> Result<()> {
    for replica in [1, 2] {
        let process = fault.world.process(&format!("{}-{replica}", fault.service()?))?;
        drain(process).await?;
        fault.start_again(process).await?;
    }
    Ok(())
}

/// Whether it ended by itself after SIGTERM. A process that stands still or hangs is killed, as Kubernetes does it.
async fn drain(process: &ServiceProcess) -> Result<bool> {
    if process.terminate().is_err() {
        return Ok(false);
    }
    match process.wait_exit(DRAIN).await {
        Ok(status) => Ok(status.code().is_some()),
        Err(_) => {
            process.kill().await?;
            Ok(false)
        }
    }
}
