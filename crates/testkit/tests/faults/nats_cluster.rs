//! Three brokers, of which any one can go.

use async_nats::jetstream;
use testkit::{NatsCluster, eventually, publish};

use crate::SOON;

async fn client(cluster: &NatsCluster) -> jetstream::Context {
    let urls: Vec<async_nats::ServerAddr> =
        cluster.urls().split(',').map(|url| url.parse().unwrap()).collect();
    jetstream::new(async_nats::connect(urls).await.unwrap())
}

/// How many messages each replica of the stream is known to have.
async fn in_step(jetstream: &jetstream::Context, messages: u64) {
    eventually("three replicas have everything", SOON, async || {
        let stream = jetstream.get_stream("kept").await.map_err(|error| error.to_string())?;
        let info = stream.cached_info();
        let replicas = info.cluster.as_ref().map(|cluster| cluster.replicas.as_slice()).unwrap_or_default();
        let current = replicas.iter().filter(|replica| replica.current && !replica.offline).count();
        if current == 2 && info.state.messages == messages { Ok(()) } else { Err(format!("{info:?}")) }
    })
    .await;
}

async fn another_leads(cluster: &NatsCluster, last: usize) -> usize {
    eventually("another server leads the stream", SOON, async || {
        match cluster.stream_leader("kept").await.map_err(|error| format!("{error:#}"))? {
            leader if leader == last => Err(format!("{last} leads it still")),
            leader => Ok(leader),
        }
    })
    .await
}

#[tokio::test]
async fn a_cluster_survives_its_leader_a_disk_and_a_cut() {
    let cluster = NatsCluster::start().await.unwrap();
    assert!(cluster.meta_leader().await.unwrap() < cluster.size());
    let jetstream = client(&cluster).await;
    let stream = jetstream::stream::Config {
        name: "kept".into(),
        subjects: vec!["kept".into()],
        num_replicas: 3,
        ..Default::default()
    };
    jetstream.create_stream(stream).await.unwrap();
    publish(&jetstream, "kept", b"1").await;

    let killed = cluster.stream_leader("kept").await.unwrap();
    cluster.server(killed).kill().await.unwrap();
    let leader = another_leads(&cluster, killed).await;
    publish(&jetstream, "kept", b"2").await;
    cluster.server(killed).restart().await.unwrap();
    in_step(&jetstream, 2).await;

    cluster.lose_disk(leader).await.unwrap();
    assert!(!cluster.server(leader).data_directory().exists());
    another_leads(&cluster, leader).await;
    publish(&jetstream, "kept", b"3").await;
    cluster.server(leader).restart().await.unwrap();
    in_step(&jetstream, 3).await;

    let alone = cluster.stream_leader("kept").await.unwrap();
    cluster.isolate(alone);
    // Asked of one that is not alone.
    let others = jetstream::new(async_nats::connect(cluster.server((alone + 1) % 3).url()).await.unwrap());
    eventually("the others elect a leader", SOON, async || {
        let stream = others.get_stream("kept").await.map_err(|error| error.to_string())?;
        let leader = stream.cached_info().cluster.as_ref().and_then(|cluster| cluster.leader.clone());
        match leader {
            Some(name) if name != format!("nats-{alone}") => Ok(()),
            leader => Err(format!("{leader:?}")),
        }
    })
    .await;
    publish(&others, "kept", b"4").await;
    cluster.heal().await.unwrap();
    in_step(&others, 4).await;
}
