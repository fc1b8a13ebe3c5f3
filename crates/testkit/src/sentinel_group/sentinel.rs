//! One Sentinel: the same program as the server, in another mode.

use std::{collections::BTreeMap, fs};

use anyhow::{Context, Result};
use rustix::process::Signal;

use crate::{
    Host, Server, find,
    home::Home,
    port::Port,
    process::{Launch, Process},
    protocol::Protocol,
};

/// What the group is called.
const GROUP: &str = "schedule";

/// Starts one that watches the primary behind this door.
pub(super) async fn start(door: u16) -> Result<Server> {
    let home = Home::new("sentinel", None, &Host::default())?;
    let port = Port::take()?;
    let conf = home.path().join("sentinel.conf");
    // It writes what it learns into this file.
    let lines = format!(
        "bind 127.0.0.1\nport {}\ndir \"{}\"\n\
         sentinel monitor {GROUP} 127.0.0.1 {door} 2\n\
         sentinel down-after-milliseconds {GROUP} 1000\n\
         sentinel failover-timeout {GROUP} 6000\n",
        port.number(),
        home.path().display(),
    );
    fs::write(&conf, lines).with_context(|| format!("write {}", conf.display()))?;
    let launch = Launch {
        name: String::from("sentinel"),
        program: find::redis()?.path.clone(),
        args: vec![conf.into(), "--sentinel".into()],
        env: Vec::new(),
        directory: home.path().to_path_buf(),
        user: None,
        stop: Signal::TERM,
        forks: false,
        echo: None,
    };
    Server::start(Process::new(launch), Protocol::Redis, port, home).await
}

/// The port of the primary.
pub(super) async fn primary(sentinel: u16) -> Result<u16> {
    let mut command = redis::cmd("SENTINEL");
    command.arg("GET-MASTER-ADDR-BY-NAME").arg(GROUP);
    let (_, port): (String, u16) = command.query_async(&mut connect(sentinel).await?).await?;
    Ok(port)
}

/// What a Sentinel knows of the group.
#[derive(Debug)]
pub(super) struct State {
    pub(super) others: usize,
    pub(super) replica_follows: bool,
}

pub(super) async fn state(sentinel: u16) -> Result<State> {
    let mut connection = connect(sentinel).await?;
    let mut command = redis::cmd("SENTINEL");
    command.arg("SENTINELS").arg(GROUP);
    let others: Vec<BTreeMap<String, String>> = command.query_async(&mut connection).await?;
    let mut command = redis::cmd("SENTINEL");
    command.arg("REPLICAS").arg(GROUP);
    let replicas: Vec<BTreeMap<String, String>> = command.query_async(&mut connection).await?;
    let follows = |replica: &BTreeMap<String, String>| {
        replica.get("flags").is_some_and(|flags| flags == "slave")
            && replica.get("master-link-status").is_some_and(|status| status == "ok")
    };
    Ok(State { others: others.len(), replica_follows: replicas.iter().any(follows) })
}

async fn connect(port: u16) -> Result<redis::aio::MultiplexedConnection> {
    let client = redis::Client::open(Protocol::Redis.url(port))?;
    client.get_multiplexed_async_connection().await.context("connect to Sentinel")
}
