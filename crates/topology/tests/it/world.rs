//! A broker, the command, and what it said.

use std::{process::Stdio, time::Duration};

use async_nats::jetstream::{
    self,
    consumer::{self, PullConsumer, pull},
    stream,
};
use common::{Service, event::Subject};
use messaging::topology::{self, Topology};
use serde_json::Value;
use testkit::Nats;
use tokio::process::Command;

/// `NATS_CLUSTER_ID` of the tests.
pub(crate) const CLUSTER: &str = "c";

pub(crate) fn wanted() -> Topology {
    Topology::new(CLUSTER, 1)
}

/// How the command ended and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Its document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// What it said of one item.
    pub(crate) fn line(&self, name: &str) -> String {
        let lines = self.stdout.lines().skip_while(|line| !line.contains(&format!(" {name}: ")));
        let mut lines = lines.peekable();
        let first = lines.next().unwrap_or_else(|| panic!("it says nothing of {name}: {self:?}"));
        let more = lines.take_while(|line| line.starts_with("  "));
        std::iter::once(first).chain(more).collect::<Vec<_>>().join("\n")
    }
}

/// Runs the command with these arguments and this environment and no other.
pub(crate) async fn run(arguments: &[&str], env: &[(&str, &str)]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_topology"));
    command.args(arguments).env_clear().envs(env.iter().copied()).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_secs(60), command.output()).await.unwrap().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The same against this broker.
pub(crate) async fn on(nats: &Nats, arguments: &[&str]) -> Ended {
    run(arguments, &[("NATS_URL", &nats.url()), ("NATS_CLUSTER_ID", CLUSTER)]).await
}

/// Everything, for a test that looks behind the command's back.
pub(crate) async fn jetstream(nats: &Nats) -> jetstream::Context {
    jetstream::new(async_nats::connect(nats.url()).await.unwrap())
}

/// A stream of ours with something else in it.
pub(crate) async fn stream(
    jetstream: &jetstream::Context,
    publisher: Service,
    alter: impl FnOnce(&mut stream::Config),
) -> stream::Stream {
    let mut config = wanted().stream(publisher);
    alter(&mut config);
    jetstream.create_stream(config).await.unwrap()
}

/// A consumer of ours with something else in it.
pub(crate) async fn consumer(
    stream: &stream::Stream,
    service: Service,
    subject: Subject,
    alter: impl FnOnce(&mut pull::Config),
) -> PullConsumer {
    let mut config = topology::consumer(service, subject);
    alter(&mut config);
    stream.create_consumer(config).await.unwrap()
}

/// How a consumer is now.
pub(crate) async fn info(nats: &Nats, service: Service, subject: Subject) -> consumer::Info {
    let stream = jetstream(nats).await.get_stream(wanted().stream_name(subject.publisher())).await.unwrap();
    stream.consumer_info(topology::durable_name(service, subject)).await.unwrap()
}
