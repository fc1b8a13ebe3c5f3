//! The consumer loop: pull, hand to the handler in batches, answer each message; for ever.
//!
//! Dead letters that operators send back to this consumer are taken beside the events, by a pump of their own: same handler,
//! same rules, and neither waits for the other.

use std::{sync::Arc, time::Duration};

use metrics::counter;
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Provisioner,
    batch::BatchProcessor,
    dead_letter::DeadLetters,
    handler::Handler,
    pump::{Pump, Source},
    settle::Settler,
    topology,
};
use common::{Service, event::Event, event::Subject};
use process::health::Health;

/// Longest time without a sign of life of a loop before it counts as stuck.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);
/// Between two looks at what the dead letters had no room for.
const OVERFLOW_INTERVAL: Duration = Duration::from_secs(10);
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);
/// Batches of replays in the handler at one time: they may take longer, and events go on beside them.
const REPLAYS_IN_FLIGHT: usize = 1;

/// How a consumer shares out its work.
#[derive(Clone, Copy, Debug)]
pub struct ConsumerOptions {
    /// Most events handed to the handler at one time. Up to 1.5 times as many wait in memory while their ack wait
    /// runs, so keep it below a tenth of what the handler does in 10 s.
    pub batch: usize,
    /// Most batches in the handler at one time; one more while there are replays.
    pub in_flight: usize,
    /// How often an event may be refused before it becomes a dead letter, unless the handler says otherwise.
    pub retries: u32,
}

impl Default for ConsumerOptions {
    fn default() -> Self {
        Self { batch: 500, in_flight: 2, retries: 50 }
    }
}

/// The durable consumer of one service for one subject, with its handler.
#[derive(Debug)]
pub struct Consumer<H> {
    events: Pump<H>,
    replays: Pump<H>,
}

/// Now and then, and at the start: a process that died may have left something there.
async fn bring_overflow<H: Handler>(work: Arc<BatchProcessor<H>>, stop: CancellationToken) {
    while stop.run_until_cancelled(sleep(OVERFLOW_INTERVAL)).await.is_some() {
        work.settler.bring_overflow().await;
    }
}

impl<H: Handler> Consumer<H> {
    const SUBJECT: Subject = <H::Event as Event>::SUBJECT;

    pub(super) fn new(
        service: Service,
        client: &async_nats::Client,
        provisioner: &Arc<Provisioner>,
        handler: H,
        options: ConsumerOptions,
        health: &Health,
    ) -> Self {
        let name = topology::durable_name(service, Self::SUBJECT);
        let dead_letters = DeadLetters::new(client.clone(), Arc::clone(provisioner), name.clone());
        let settler = Settler::new(name.clone(), client.clone(), dead_letters, options.retries);
        let heartbeat = health.register_loop(format!("consumer {name}"), LONGEST_SILENCE);
        let replayed = counter!("replays_taken_total", "consumer" => name.clone());
        replayed.increment(0);
        let work = Arc::new(BatchProcessor { name, handler, settler, heartbeat });
        let batches = TaskTracker::new();
        let pump = |source, in_flight| Pump {
            source,
            service,
            client: client.clone(),
            provisioner: Arc::clone(provisioner),
            batch: options.batch,
            work: Arc::clone(&work),
            slots: Arc::new(Semaphore::new(in_flight)),
            batches: batches.clone(),
        };
        let events = pump(Source::Events, options.in_flight);
        let replays = pump(Source::Replays(replayed), REPLAYS_IN_FLIGHT);
        Self { events, replays }
    }

    /// Consumes until `stop`, through every error; then lets the batches in hand finish and gives back the rest.
    pub async fn run(self, stop: CancellationToken) {
        let Self { events, replays } = self;
        let bringing = tokio::spawn(bring_overflow(Arc::clone(&events.work), stop.clone()));
        let replaying = tokio::spawn({
            let stop = stop.clone();
            async move { replays.run(&stop).await }
        });
        events.run(&stop).await;
        // It ends by itself: both stop by the same token.
        let _ = replaying.await;
        events.batches.close();
        events.batches.wait().await;
        // Cut off in the middle it leaves a letter in both places, and the next time it is found there.
        bringing.abort();
        // What is not flushed is delivered again after the ack wait, so a failure costs time and nothing else.
        let _ = timeout(FLUSH_TIMEOUT, events.client.flush()).await;
    }
}
