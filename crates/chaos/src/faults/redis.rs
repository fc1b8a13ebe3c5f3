//! What Redis can lose, and what it can refuse.

use anyhow::{Result, ensure};
use redis::aio::MultiplexedConnection;

use super::{Fault, turn::running};

/// `FLUSHALL`.
pub(super) async fn wipe(fault: &Fault<'_>) -> Result<()> {
    let mut connection = primary(fault).await?.connect().await?;
    let keys = keys(&mut connection).await?;
    ensure!(keys > 0, "there was nothing to lose");
    redis::cmd("FLUSHALL").exec_async(&mut connection).await?;
    fault.in_force(format!("{keys} keys are gone"));
    Ok(())
}

/// The replica takes over, without what was written since it fell behind.
pub(super) async fn fail_over(fault: &Fault<'_>) -> Result<()> {
    let pair = fault.world.servers.schedule.pair()?;
    pair.hold_back();
    fault.last().await;
    let behind = pair.behind().await;
    pair.fail_over().await?;
    fault.in_force(match behind {
        Ok(bytes) => format!("the replica took over, {bytes} bytes behind"),
        Err(_) => "the replica took over".to_owned(),
    });
    pair.rejoin().await
}

/// Sentinel can't reach the primary and makes the replica one; until clients hear of it they write to the one that is cut off.
pub(super) async fn is_replaced_by_sentinel(fault: &Fault<'_>) -> Result<()> {
    let group = fault.world.servers.schedule.watched()?;
    let last = group.leader();
    group.cut_off_primary();
    let replaced = group.failed_over_from(last).await;
    if replaced.is_ok() {
        fault.in_force(format!("Sentinel has made server {} the primary instead of {last}", group.leader()));
        fault.last().await;
    }
    group.heal().await?;
    replaced?;
    group.complete().await
}

/// It has no memory for anything more.
pub(super) async fn fill(fault: &Fault<'_>) -> Result<()> {
    let redis = primary(fault).await?;
    redis.fill().await?;
    let refused = refuses(fault).await;
    if let Some(refused) = &refused {
        fault.in_force(format!("a write is refused: {refused}"));
        fault.last().await;
    }
    redis.unfill().await?;
    ensure!(refused.is_some(), "a write was taken");
    Ok(())
}

/// Its files are replaced by those of some time ago.
pub(super) async fn go_back(fault: &Fault<'_>) -> Result<()> {
    let redis = primary(fault).await?;
    let older = redis.snapshot_files().await?;
    fault.last().await;
    redis.restore_files(&older).await?;
    fault.in_force(format!("it has the files of {:?} before", fault.injection.lasts));
    Ok(())
}

/// What it says to a write, if it refuses it.
pub(super) async fn refuses(fault: &Fault<'_>) -> Option<String> {
    let mut connection = fault.world.servers.schedule.primary().connect().await.ok()?;
    let mut write = redis::cmd("SET");
    write.arg("chaos:probe").arg(1).exec_async(&mut connection).await.err().map(|error| error.to_string())
}

/// The one that clients use, when it is there.
async fn primary<'a>(fault: &Fault<'a>) -> Result<&'a testkit::Redis> {
    let schedule = &fault.world.servers.schedule;
    running(|| Ok(schedule.primary())).await?;
    Ok(schedule.primary())
}

async fn keys(connection: &mut MultiplexedConnection) -> Result<u64> {
    Ok(redis::cmd("DBSIZE").query_async(connection).await?)
}
