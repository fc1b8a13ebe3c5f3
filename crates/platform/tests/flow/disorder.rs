//! A broker at its worst: everything comes again, late and out of order, and the broker does not notice that it is the
//! same.

use std::time::Duration;

use async_nats::{HeaderMap, jetstream::consumer::pull::OrderedConfig};
use common::traceparent::TRACEPARENT;
use common::{Service, event::Subject};
use futures_util::StreamExt as _;
use messaging::topology::Topology;
use platform::CLUSTER;
use testkit::eventually;
use tokio::task::JoinSet;

use crate::world::{SOON, World};

/// Marks what is a repetition, so that it is not repeated itself.
const AGAIN: &str = "x-again";
/// When a message comes again. The later ones come behind what follows from the message, the last one behind the end of
/// an order that was placed for 4 s.
const DELAYS: [Duration; 3] =
    [Duration::from_millis(30), Duration::from_millis(1_700), Duration::from_millis(4_500)];

/// Repeats every event of every stream until it is dropped.
pub(crate) struct Disorder(#[expect(dead_code, reason = "its drop ends the tasks")] JoinSet<()>);

impl Disorder {
    pub(crate) async fn start(world: &World) -> Self {
        let mut tasks = JoinSet::new();
        for service in Service::ON_THE_BROKER {
            let name = Topology::new(CLUSTER, 1).stream_name(service);
            let stream = eventually("the stream is there", SOON, async || {
                world.jetstream.get_stream(&name).await.map_err(|error| error.to_string())
            })
            .await;
            let consumer = stream.create_consumer(OrderedConfig::default()).await.unwrap();
            let mut messages = consumer.messages().await.unwrap();
            let nats = world.nats.clone();
            tasks.spawn(async move {
                while let Some(message) = messages.next().await {
                    // The ordered consumer begins again by itself where a message is missing.
                    let Ok(message) = message else { continue };
                    if message.headers.as_ref().is_none_or(|headers| headers.get(AGAIN).is_none()) {
                        for delay in DELAYS {
                            tokio::spawn(repeat(nats.clone(), message.message.clone(), delay));
                        }
                    }
                }
            });
        }
        Self(tasks)
    }
}

/// Without its id, or the broker would drop it. The delay is the disorder itself: nothing is waited for.
#[expect(clippy::disallowed_methods, reason = "this plays a broker that delivers twice")]
async fn repeat(nats: async_nats::Client, message: async_nats::Message, delay: Duration) {
    tokio::time::sleep(delay).await;
    let mut headers = HeaderMap::new();
    headers.insert(AGAIN, "1");
    if let Some(traceparent) = message.headers.as_ref().and_then(|headers| headers.get(TRACEPARENT)) {
        headers.insert(TRACEPARENT, traceparent.clone());
    }
    nats.publish_with_headers(message.subject, headers, message.payload).await.unwrap();
}

impl Disorder {
    /// Every event of this subject came as often more as it should have.
    pub(crate) async fn check(&self, world: &World, subject: Subject) {
        let messages = world.messages(subject).await;
        let repeated = messages.iter().filter(|message| message.headers.get(AGAIN).is_some()).count();
        assert!(repeated > 0, "{subject} was never repeated");
        assert_eq!(repeated, DELAYS.len() * (messages.len() - repeated), "{subject}");
    }
}

impl World {
    /// Waits until nothing is on its way any more, for at least as long as the last repetition and `window` take.
    pub(crate) async fn at_rest(&self, window: Duration) {
        let quiet_since = tokio::time::Instant::now();
        let mut before = Vec::new();
        let mut changed_at = quiet_since;
        eventually("everything is at rest", 2 * SOON, async || {
            let mut now = Vec::new();
            for name in [Service::Orders, Service::Tickets, Service::Payments] {
                for service in self.platform.services(name) {
                    let metrics = service.get("/metrics").await.map_err(|error| format!("{error:#}"))?.1;
                    now.extend(
                        metrics.lines().filter(|line| line.starts_with("consumed_total")).map(str::to_owned),
                    );
                }
            }
            // The lines come in any order.
            now.sort();
            if now != before {
                (before, changed_at) = (now, tokio::time::Instant::now());
            }
            let (quiet, all) = (changed_at.elapsed(), quiet_since.elapsed());
            let enough = DELAYS[2] + Duration::from_millis(500);
            if quiet > enough && all > window + enough { Ok(()) } else { Err(format!("quiet for {quiet:?}")) }
        })
        .await;
    }
}
