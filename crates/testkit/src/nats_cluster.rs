//! Three NATS servers with JetStream, and the network between them.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;

use crate::{Cut, Nats, Relay, http_get, paths, poll, port::Port};

const SIZE: usize = 3;
const ELECTED: Duration = Duration::from_secs(60);
/// A server without a quorum answers nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// A cluster of three. Streams with three replicas survive the loss of any one server with its disk.
#[derive(Debug)]
pub struct NatsCluster {
    nodes: Vec<Node>,
    /// How server `i` reaches server `j`, by `i` and `j`; none for itself.
    routes: Vec<Vec<Option<Relay>>>,
}

#[derive(Debug)]
struct Node {
    nats: Nats,
    monitor: Port,
    /// Where the others reach it.
    _route: Port,
}

impl NatsCluster {
    /// Starts it and waits until it has a leader, some 5 s.
    ///
    /// # Errors
    /// As [`Nats::start`].
    pub async fn start() -> Result<Self> {
        Self::start_with("").await
    }

    /// The same with lines of each server's configuration, as [`Nats::start_with`].
    ///
    /// # Errors
    /// As [`Nats::start_with`].
    pub async fn start_with(conf_lines: &str) -> Result<Self> {
        let ports = [Port::take()?, Port::take()?, Port::take()?];
        let mut routes = Vec::new();
        for from in 0..SIZE {
            let mut row = Vec::new();
            for (to, port) in ports.iter().enumerate() {
                row.push(if from == to { None } else { Some(Relay::to(port.number()).await?) });
            }
            routes.push(row);
        }
        let monitors = [Port::take()?, Port::take()?, Port::take()?];
        let start = async |i: usize| {
            let lines = configuration(i, &ports[i], &monitors[i], &routes[i]);
            Nats::start_with(&format!("{lines}{conf_lines}")).await
        };
        // None is ready before they have elected a leader.
        let (a, b, c) = tokio::try_join!(Box::pin(start(0)), Box::pin(start(1)), Box::pin(start(2)))?;
        let nodes = [a, b, c].into_iter().zip(monitors).zip(ports);
        let nodes = nodes.map(|((nats, monitor), _route)| Node { nats, monitor, _route }).collect();
        let cluster = Self { nodes, routes };
        cluster.ready().await?;
        Ok(cluster)
    }

    /// One of the servers, by its number from 0 to 2. One that comes back is ready when the others are enough for a
    /// leader; see [`crate::Server::start_again`] for the first of several.
    pub fn server(&self, number: usize) -> &Nats {
        &self.nodes[number].nats
    }

    /// How many servers it has.
    pub fn size(&self) -> usize {
        self.nodes.len()
    }

    /// The addresses of all servers, separated by commas. No server tells a client of the others, so a client may come
    /// through relays of its own.
    pub fn urls(&self) -> String {
        self.nodes.iter().map(|node| node.nats.url()).collect::<Vec<_>>().join(",")
    }

    /// Waits until every server that runs answers for JetStream, which takes a leader, and the leader counts on it.
    ///
    /// # Errors
    /// When one does not within a minute.
    pub async fn ready(&self) -> Result<()> {
        for node in self.running() {
            node.nats.ready().await?;
        }
        let complete = poll(ELECTED, async || {
            let leader = self.meta_leader().await.map_err(|error| format!("{error:#}"))?;
            let state = monitored(&self.nodes[leader]).await.map_err(|error| format!("{error:#}"))?;
            let followers = state["meta_cluster"]["replicas"].as_array().into_iter().flatten();
            let current = followers.filter(|follower| follower["current"] == true).count();
            // A stream that is made before finds no place.
            if current + 1 >= self.running().count() { Ok(()) } else { Err(state.to_string()) }
        });
        complete.await.map_err(|last| anyhow!("the cluster is not complete: {last}"))
    }

    /// Kills a server and removes its store. It comes back empty, and gets from the others what it had.
    ///
    /// # Errors
    /// When its store can't be removed.
    pub async fn lose_disk(&self, number: usize) -> Result<()> {
        let nats = self.server(number);
        nats.kill().await?;
        paths::remove(nats.home().data())
    }

    /// Which server leads the cluster.
    ///
    /// # Errors
    /// When there is none for a minute.
    pub async fn meta_leader(&self) -> Result<usize> {
        let leader = poll(ELECTED, async || {
            let mut told = String::from("no server is running");
            for node in self.running() {
                match self.leader_by(node).await {
                    Ok(leader) => return Ok(leader),
                    Err(error) => told = format!("{error:#}"),
                }
            }
            Err(told)
        });
        leader.await.map_err(|last| anyhow!("the cluster has no leader: {last}"))
    }

    /// Which server leads a stream.
    ///
    /// # Errors
    /// When there is no such stream, or no leader of it for a minute.
    pub async fn stream_leader(&self, stream: &str) -> Result<usize> {
        let leader = poll(ELECTED, async || {
            let mut told = String::from("no server is running");
            for node in self.running() {
                match tokio::time::timeout(PATIENCE, stream_leader_by(&node.nats.url(), stream)).await {
                    Ok(Ok(name)) => return self.number(&name).map_err(|error| format!("{error:#}")),
                    Ok(Err(error)) => told = format!("{error:#}"),
                    Err(_) => told = format!("{} does not answer", node.nats.url()),
                }
            }
            Err(told)
        });
        leader.await.map_err(|last| anyhow!("the stream {stream} has no leader: {last}"))
    }

    /// Cuts a server off from the others in both directions; its clients still reach it.
    pub fn isolate(&self, number: usize) {
        for other in (0..SIZE).filter(|other| *other != number) {
            self.cut(number, other);
            self.cut(other, number);
        }
    }

    /// From now on nothing that one server sends arrives at the other.
    pub fn cut(&self, from: usize, to: usize) {
        // Either of them may have opened the connection that they use.
        let ways = [(from, to, Cut::ToServer), (to, from, Cut::ToClient)];
        for (opened_by, accepted_by, cut) in ways {
            if let Some(route) = &self.routes[opened_by][accepted_by] {
                route.cut(cut);
            }
        }
    }

    /// Ends every [`Self::cut`] and [`Self::isolate`].
    ///
    /// # Errors
    /// When a relay has failed.
    pub async fn heal(&self) -> Result<()> {
        for route in self.routes.iter().flatten().flatten() {
            route.heal().await?;
        }
        Ok(())
    }

    fn running(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.nats.is_running())
    }

    async fn leader_by(&self, node: &Node) -> Result<usize> {
        let state = monitored(node).await?;
        self.number(state["meta_cluster"]["leader"].as_str().context("there is no leader")?)
    }

    fn number(&self, name: &str) -> Result<usize> {
        (0..SIZE).find(|i| self::name(*i) == name).with_context(|| format!("the leader is {name:?}"))
    }
}

/// What a server says of JetStream, and of the cluster as far as it knows.
async fn monitored(node: &Node) -> Result<Value> {
    let asked = tokio::time::timeout(PATIENCE, http_get(node.monitor.number(), "/jsz"));
    let (_, body) = asked.await.context("the monitor does not answer")??;
    serde_json::from_str(&body).context("read what the monitor says")
}

async fn stream_leader_by(url: &str, stream: &str) -> Result<String> {
    let jetstream = async_nats::jetstream::new(async_nats::connect(url).await?);
    let info = jetstream.get_stream(stream).await?.cached_info().clone();
    info.cluster.and_then(|cluster| cluster.leader).context("it has no leader at the moment")
}

fn name(number: usize) -> String {
    format!("nats-{number}")
}

/// One server's part of the configuration.
fn configuration(number: usize, route: &Port, monitor: &Port, routes: &[Option<Relay>]) -> String {
    let urls = routes.iter().flatten().map(|relay| format!("\"nats-route://127.0.0.1:{}\"", relay.port()));
    let urls = urls.collect::<Vec<_>>().join(", ");
    // Servers tell each other of servers, and clients: whoever learnt an address that way would go around the relays.
    // Nobody listens on port 1.
    format!(
        "server_name: {}\nhttp: \"127.0.0.1:{}\"\n\
         cluster {{ name: testkit, listen: \"127.0.0.1:{}\", advertise: \"127.0.0.1:1\", no_advertise: true, routes: [{urls}] }}\n",
        name(number),
        monitor.number(),
        route.number(),
    )
}
