//! What the broker can lose.

use anyhow::{Context, Result, bail};
use common::Service;
use messaging::topology::Topology;
use platform::CLUSTER;

use super::{Fault, server, turn::running};
use crate::{
    role::{Role, Store},
    world::streams,
};

/// The server that leads a stream is killed.
pub(super) async fn kill_leader(fault: &Fault<'_>) -> Result<()> {
    let cluster = fault.world.servers.broker.cluster()?;
    let leader = cluster.stream_leader(&stream(publisher(fault)?)).await?;
    server::kill_this(fault, cluster.server(leader)).await
}

/// A server comes back without anything that it had.
pub(super) async fn lose_disk(fault: &Fault<'_>) -> Result<()> {
    let cluster = fault.world.servers.broker.cluster()?;
    let number = usize::try_from(fault.injection.salt % cluster.size() as u64).unwrap_or_default();
    running(|| Ok(cluster.server(number))).await?;
    cluster.lose_disk(number).await?;
    fault.in_force(format!("server {number} is gone with its disk"));
    fault.last().await;
    let lost = cluster.server(number);
    lost.start_again()?;
    lost.ready().await
}

/// The files are replaced by those of some time ago.
pub(super) async fn go_back(fault: &Fault<'_>) -> Result<()> {
    let nats = fault.world.servers.broker.single()?;
    running(|| Ok(nats)).await?;
    let older = nats.snapshot_files().await?;
    fault.last().await;
    let before = stored(fault).await;
    nats.restore_files(&older).await?;
    let after = stored(fault).await?;
    fault.in_force(match before {
        Ok(before) => format!("the streams ended at {before:?} and end at {after:?}"),
        Err(_) => format!("the streams end at {after:?}"),
    });
    Ok(())
}

/// A stream is deleted with its consumers.
pub(super) async fn delete_stream(fault: &Fault<'_>) -> Result<()> {
    running(|| fault.world.servers.one_of(Store::Nats, 0)).await?;
    let (jetstream, name) =
        (streams::connect(&fault.world.servers.nats_url()).await?, stream(publisher(fault)?));
    let info = jetstream.get_stream(&name).await.context("look at the stream")?.cached_info().clone();
    let deleted = jetstream.delete_stream(&name).await.context("delete the stream")?;
    if !deleted.success {
        bail!("the broker did not delete {name}");
    }
    fault.in_force(format!("{name} is gone with {} messages", info.state.messages));
    Ok(())
}

/// The last sequence of each stream.
async fn stored(fault: &Fault<'_>) -> Result<Vec<u64>> {
    let jetstream = streams::connect(&fault.world.servers.nats_url()).await?;
    let mut ends = Vec::new();
    for publisher in Service::ON_THE_BROKER {
        let stream = jetstream.get_stream(stream(publisher)).await;
        ends.push(stream.map_or(0, |stream| stream.cached_info().state.last_sequence));
    }
    Ok(ends)
}

fn publisher(fault: &Fault<'_>) -> Result<Service> {
    match fault.injection.role() {
        Role::Stream(publisher) => Ok(publisher),
        role => bail!("{role} is no stream"),
    }
}

fn stream(publisher: Service) -> String {
    Topology::new(CLUSTER, 1).stream_name(publisher)
}
