//! The streams and the durable consumers, against the topology.

use common::{
    clock,
    operator::{ConsumerState, StreamState},
};
use messaging::{Broker, ConsumerLook, StreamLook, differences::Difference};
use tracing::debug;

/// All of them; nothing where the broker does not answer.
pub(super) async fn look(broker: &Broker) -> (Vec<StreamState>, Vec<ConsumerState>) {
    let (streams, consumers) = tokio::join!(broker.look_at_streams(), broker.look_at_consumers());
    let streams = shown("streams", streams).into_iter().map(stream_state).collect();
    (streams, shown("consumers", consumers).into_iter().map(consumer_state).collect())
}

fn shown<T>(what: &str, looks: anyhow::Result<Vec<T>>) -> Vec<T> {
    looks.inspect_err(|error| debug!("a status without the {what}: {error:#}")).unwrap_or_default()
}

fn stream_state(look: StreamLook) -> StreamState {
    let info = look.info.as_ref();
    StreamState {
        name: look.name,
        exists: info.is_some(),
        optional: look.is_optional,
        messages: info.map_or(0, |info| info.state.messages),
        bytes: info.map_or(0, |info| info.state.bytes),
        bytes_limit: info.and_then(|info| u64::try_from(info.config.max_bytes).ok()).unwrap_or_default(),
        last_sequence: info.map_or(0, |info| info.state.last_sequence),
        differences: told(&look.differences),
    }
}

fn consumer_state(look: ConsumerLook) -> ConsumerState {
    let info = look.info.as_ref();
    let age_ms = |stored_ns: i64| u64::try_from(clock::now_ms() - stored_ns / 1_000_000).unwrap_or_default();
    ConsumerState {
        name: look.name,
        stream: look.stream,
        subject: look.subject.to_string(),
        exists: info.is_some(),
        pending: info.map_or(0, |info| info.num_pending),
        in_flight: info.map_or(0, |info| info.num_ack_pending as u64),
        redelivered: info.map_or(0, |info| info.num_redelivered as u64),
        oldest_age_ms: look.oldest_ns.map_or(0, age_ms),
        differences: told(&look.differences),
    }
}

fn told(differences: &[Difference]) -> Vec<String> {
    let told = |it: &Difference| format!("{}: {}, wanted {}", it.setting, it.found, it.wanted);
    differences.iter().map(told).collect()
}
