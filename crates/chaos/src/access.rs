//! What the outside uses of a world. None of it goes through the relays, so a network that is cut is cut for the services
//! alone.

use std::collections::BTreeMap;

use common::Service;

/// Where everything is.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// `http://<address>` of every public API, of two replicas each.
    pub(crate) gateway: String,
    /// `http://<address>` of each process, for what is under `/internal`.
    pub(crate) internal: BTreeMap<Service, Vec<String>>,
    /// The broker's servers, for a user without limits.
    pub(crate) nats: String,
}
