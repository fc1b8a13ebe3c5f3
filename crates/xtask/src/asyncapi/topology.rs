//! JetStream in the document: AsyncAPI has no words for it, so its configurations stand in an extension as the
//! broker's own API writes them, durations in nanoseconds.

use anyhow::Result;
use async_nats::jetstream::consumer::IntoConsumerConfig as _;
use common::{Service, event::Subject};
use messaging::topology::{self, Topology};
use serde_json::{Map, Value, json};

/// What a service takes where `NATS_CLUSTER_ID` and `NATS_REPLICAS` are not set.
pub(super) fn default() -> Topology {
    Topology::new("ticketing", 1)
}

/// The broker, with every stream.
pub(super) fn servers() -> Result<Value> {
    Ok(json!({
        "nats": {
            "host": "{host}:{port}",
            "protocol": "nats",
            "title": "NATS 2.10 or newer with JetStream",
            "description": "`NATS_URL` of each service. `x-jetstream` has the streams under the default \
                            `NATS_CLUSTER_ID` (`ticketing`, the prefix of their names) and `NATS_REPLICAS` (1), as \
                            the JetStream API takes them: durations in nanoseconds, 0 for no limit.",
            "variables": {
                "host": { "default": "127.0.0.1", "description": "Name or address of a server of the cluster." },
                "port": { "default": "4222", "description": "Its port for clients." },
            },
            "x-jetstream": { "streams": streams()? },
        },
    }))
}

fn streams() -> Result<Map<String, Value>> {
    let topology = default();
    let streams = Service::ON_THE_BROKER.map(|publisher| topology.stream(publisher)).into_iter();
    streams
        .chain([topology.dead_letters()])
        .map(|stream| Ok((stream.name.clone(), configuration(serde_json::to_value(&stream)?))))
        .collect()
}

/// A configuration without what is not set.
fn configuration(mut configuration: Value) -> Value {
    if let Value::Object(settings) = &mut configuration {
        settings.retain(|_, setting| !setting.is_null());
    }
    configuration
}

/// Where a listener's deliveries come from: its binding to NATS.
///
/// No `queue`: that is a queue group of NATS without JetStream, which stores nothing and delivers at most once.
pub(super) fn consumer_binding(listener: Service, subject: Subject) -> Result<Value> {
    let consumer = topology::consumer(listener, subject).into_consumer_config();
    Ok(json!({
        "nats": {
            "bindingVersion": "0.1.0",
            "x-jetstream": {
                "stream": default().stream_name(subject.publisher()),
                "consumer": configuration(serde_json::to_value(&consumer)?),
            },
        },
    }))
}
