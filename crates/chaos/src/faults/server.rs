//! What can be done to a server of any store: killed, paused, restarted, or its disk full.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Pid;
use testkit::Server;
use tokio::time::timeout;

use super::{Fault, turn::running};
use crate::role::{Role, Store};

/// What servers say of a disk without room.
const FULL: [&str; 4] = ["no space left", "out of space", "insufficient storage", "resources exceeded"];
/// For a server that has room again to notice it by itself.
const NOTICED: Duration = Duration::from_secs(3);

/// `kill -9`, and some time until it is started again.
pub(super) async fn kill(fault: &Fault<'_>) -> Result<()> {
    kill_this(fault, target(fault).await?).await
}

pub(super) async fn kill_this(fault: &Fault<'_>, server: &Server) -> Result<()> {
    let pid = server.pid();
    server.kill().await?;
    ensure!(Pid::from_raw(pid.cast_signed()).is_some_and(testkit::is_gone), "process {pid} survived");
    fault.in_force(format!("process {pid} is gone"));
    fault.last().await;
    server.start_again()?;
    server.ready().await
}

/// It stands still: connections are open, and nothing is answered.
pub(super) async fn pause(fault: &Fault<'_>) -> Result<()> {
    let server = target(fault).await?;
    server.pause()?;
    fault.in_force(format!("process {} stands still", server.pid()));
    fault.last().await;
    // Somebody else may have killed it meanwhile.
    let _ = server.resume();
    Ok(())
}

/// An orderly end, and a new start.
pub(super) async fn restart(fault: &Fault<'_>) -> Result<()> {
    let server = target(fault).await?;
    let pid = server.pid();
    server.stop().await?;
    fault.in_force(format!("process {pid} has ended in order"));
    fault.last().await;
    server.start_again()?;
    server.ready().await
}

/// The power fails: what it had not made sure of on the disk is gone.
pub(super) async fn cut_power(fault: &Fault<'_>) -> Result<()> {
    let (server, store) = (target(fault).await?, store(fault)?);
    let disk = fault.world.servers.disk(store).context("it has no disk of its own here")?;
    fault.last().await;
    server.kill().await?;
    disk.cut_power()?;
    fault.in_force(format!("process {} is gone, and what the disk had not taken yet", server.pid()));
    server.start_again()?;
    server.ready().await
}

/// No room for another byte, until it is given back.
pub(super) async fn fill_disk(fault: &Fault<'_>) -> Result<()> {
    let (server, store) = (target(fault).await?, store(fault)?);
    let disk = fault.world.servers.disk(store).context("it has no disk of its own here")?;
    let before = server.log().len();
    disk.fill()?;
    let seen = fault
        .until_seen(async || {
            let log = server.log();
            let lines = log.get(before..).unwrap_or_default().lines();
            let said = lines.into_iter().find(|line| {
                let line = line.to_lowercase();
                FULL.iter().any(|text| line.contains(text))
            });
            match said {
                Some(line) => Some(format!("its log says: {}", line.trim())),
                None => refused(fault, store).await,
            }
        })
        .await;
    disk.free()?;
    if !goes_on(store, server).await {
        // As an operator does.
        server.kill().await?;
        server.start_again()?;
        server.ready().await?;
    }
    ensure!(seen, "nobody wrote anything that there was no room for");
    Ok(())
}

/// Whether it goes on by itself where there is room again. A stream of NATS that could not write refuses everything until
/// the server is started again.
async fn goes_on(store: Store, server: &Server) -> bool {
    store != Store::Nats && timeout(NOTICED, server.ready()).await.is_ok_and(|ready| ready.is_ok())
}

/// What it says to a write that needs room. NATS writes so much that nobody has to try.
async fn refused(fault: &Fault<'_>, store: Store) -> Option<String> {
    let refused = match store {
        Store::Postgres => super::postgres::refuses_to_grow(fault).await,
        Store::Redis => super::redis::refuses(fault).await,
        Store::Nats | Store::Stripe => None,
    };
    refused.map(|error| format!("a write is refused: {error}"))
}

fn store(fault: &Fault<'_>) -> Result<Store> {
    match fault.injection.role() {
        Role::Store(store) => Ok(store),
        role => bail!("{role} is no server"),
    }
}

/// The server that it is about; of several, one by chance. Another fault may be about the same one: it has to be there.
async fn target<'a>(fault: &Fault<'a>) -> Result<&'a Server> {
    let store = store(fault)?;
    running(|| fault.world.servers.one_of(store, fault.injection.salt)).await
}
