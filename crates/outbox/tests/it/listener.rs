//! A service that listens, and what it has heard.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use common::{
    Service,
    event::{Id, OrderCancelled},
};
use messaging::{BatchError, Broker, ConsumerOptions, Delivery, Handler, NatsSettings, Outcome};
use process::{config::Environment, health::Health};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::world::World;

/// `tickets`, as far as it listens to cancellations.
pub(crate) struct Listener {
    heard: Heard,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// How often it has heard of each order.
#[derive(Clone, Debug, Default)]
struct Heard(Arc<Mutex<BTreeMap<Id, usize>>>);

impl Handler for Heard {
    type Event = OrderCancelled;

    async fn handle(&self, batch: &[Delivery<OrderCancelled>]) -> Result<Vec<Outcome>, BatchError> {
        let mut heard = self.0.lock().unwrap();
        for delivery in batch {
            *heard.entry(delivery.event.id.clone()).or_default() += 1;
        }
        Ok(vec![Outcome::Done; batch.len()])
    }
}

impl Listener {
    pub(crate) async fn start(world: &World) -> Self {
        let settings =
            NatsSettings::read(&mut Environment::from_pairs([("NATS_URL", world.nats.url())])).unwrap();
        let broker = Broker::connect(Service::Tickets, &settings, &Health::new()).await.unwrap();
        let (heard, stop) = (Heard::default(), CancellationToken::new());
        let consumer = broker.consumer(heard.clone(), ConsumerOptions::default());
        let task = tokio::spawn(consumer.run(stop.clone()));
        Self { heard, stop, task }
    }

    /// How often it has heard of each of these.
    pub(crate) fn heard(&self, events: &[OrderCancelled]) -> Vec<usize> {
        let heard = self.heard.0.lock().unwrap();
        events.iter().map(|event| heard.get(&event.id).copied().unwrap_or_default()).collect()
    }

    /// Forgets what it has heard.
    pub(crate) fn forget(&self) {
        self.heard.0.lock().unwrap().clear();
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}
