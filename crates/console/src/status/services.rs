//! The processes of each service, by what each says of itself.

use common::{
    Service,
    operator::{ProcessState, ServiceState},
};
use futures_util::future::join_all;

use crate::peers::{Peers, Seen};

/// Those whose processes are looked at.
const LOOKED_AT: [Service; 6] = [
    Service::Orders,
    Service::Tickets,
    Service::Payments,
    Service::Expiration,
    Service::Auth,
    Service::Client,
];

pub(super) async fn look(peers: &Peers) -> Vec<ServiceState> {
    join_all(LOOKED_AT.map(async |service| {
        let seen = peers.seen(service).await.into_iter();
        let processes = seen.map(|Seen { address, about }| ProcessState { address, about }).collect();
        ServiceState { name: service.to_string(), processes }
    }))
    .await
}
