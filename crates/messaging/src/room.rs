//! How full the streams are that a service publishes to: one that is full refuses its events.

use std::time::{Duration, Instant};

use async_nats::jetstream;
use metrics::gauge;
use process::outage::Outage;
use tracing::{debug, info, warn};

use super::topology::Topology;
use common::{Service, event::Subject};

const INTERVAL: Duration = Duration::from_secs(10);
/// From here on somebody has to give it more room, or less to keep.
const NEARLY_FULL: f64 = 0.8;

/// Looks every [`INTERVAL`] at the service's own stream, if it has one, and at the dead letters; `console` also at the audit,
/// without room in which nobody may do anything.
#[derive(Debug)]
pub(super) struct Room {
    /// Each with whether it is nearly full.
    streams: Vec<(String, Outage)>,
    measured: Option<Instant>,
}

impl Room {
    pub(super) fn new(topology: &Topology, service: Service) -> Self {
        let publishes = Subject::ALL.iter().any(|subject| subject.publisher() == service);
        let own = publishes.then(|| topology.stream_name(service));
        let audit = (service == Service::Console).then(|| topology.audit_stream_name());
        let streams = own.into_iter().chain([topology.dead_letter_stream_name()]).chain(audit);
        Self { streams: streams.map(|name| (name, Outage::new(Duration::ZERO))).collect(), measured: None }
    }

    /// Sets `stream_bytes` and, where there is a limit, `stream_bytes_limit`; says in the log when one is nearly full.
    pub(super) async fn measure(&mut self, jetstream: &jetstream::Context) {
        if self.measured.is_some_and(|measured| measured.elapsed() < INTERVAL) {
            return;
        }
        self.measured = Some(Instant::now());
        for (name, nearly_full) in &self.streams {
            let stream = match jetstream.get_stream(name).await {
                Ok(stream) => stream,
                Err(error) => {
                    debug!("nobody knows how full stream {name} is: {error}");
                    continue;
                }
            };
            let info = stream.cached_info();
            let (used, limit) = (info.state.bytes as f64, info.config.max_bytes as f64);
            gauge!("stream_bytes", "stream" => name.clone()).set(used);
            if limit <= 0.0 {
                continue;
            }
            gauge!("stream_bytes_limit", "stream" => name.clone()).set(limit);
            if used >= limit * NEARLY_FULL {
                if nearly_full.failed().is_some() {
                    warn!(
                        stream = name,
                        "stream {name} is nearly full, and refuses events once it is: {used} of {limit} bytes"
                    );
                }
            } else if nearly_full.succeeded().is_some() {
                info!(stream = name, "stream {name} has room again");
            }
        }
    }
}
