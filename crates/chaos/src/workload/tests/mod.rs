//! The work of an episode: where nothing is broken, where nothing answers, and what becomes of an answer that was lost.

mod clean;
mod doubts;
mod outage;
mod streams;

use crate::access::Access;

/// Nobody listens there.
const NOWHERE: &str = "127.0.0.1:1";

/// A world with nothing but a gateway and a broker, if they are there.
async fn access(gateway: &str, nats: &str) -> Access {
    Access { gateway: gateway.to_owned(), internal: [].into(), nats: nats.to_owned() }
}
