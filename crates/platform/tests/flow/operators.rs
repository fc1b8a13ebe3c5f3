//! Operators who move, fire, cancel and extend: through `console`, and as `console` has the services do it.

mod about;
mod acts;
mod more_time;
mod race;

pub(crate) use acts::Console;

use std::time::Duration;

use common::Service;
use platform::Platform;

use crate::world::World;

/// Two processes of what operators ask most, with `console` or without.
async fn start(window: Duration, consoles: usize) -> World {
    let builder = Platform::builder()
        .window(window)
        .env("MAX_UNPAID_ORDERS", "0")
        .env("MAX_EDITS_PER_MINUTE", "0")
        .replicas(Service::Orders, 2)
        .replicas(Service::Expiration, 2);
    World::of(builder.replicas(Service::Console, consoles)).await
}
