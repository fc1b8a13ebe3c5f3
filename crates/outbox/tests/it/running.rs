//! A relay and a check that run as in a service.

use std::time::Duration;

use process::health::Health;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::world::{RETELLING, World};

const LIMIT: Duration = Duration::from_secs(20);

/// A relay and a check that run as in a service.
pub(crate) struct Running {
    stop: CancellationToken,
    tasks: [JoinHandle<()>; 2],
}

impl Running {
    pub(crate) fn start(world: &World) -> Self {
        let (stop, health) = (CancellationToken::new(), Health::new());
        let relay = world.relay();
        let check = relay.check(&RETELLING).run(health.register_loop("check", LIMIT), stop.clone());
        let stopped = stop.clone();
        let heartbeat = health.register_loop("relay", LIMIT);
        let relaying = async move { relay.run(heartbeat, async { stopped.cancelled().await }).await };
        Self { stop, tasks: [tokio::spawn(relaying), tokio::spawn(check)] }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            tokio::time::timeout(LIMIT, task).await.unwrap().unwrap();
        }
    }
}
