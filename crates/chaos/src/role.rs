//! Whom a fault is about.

use std::fmt;

use common::Service;
use serde::{Serialize, Serializer};

/// What a service is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Store {
    Postgres,
    Nats,
    Redis,
    /// The payment provider, which is no store of ours.
    Stripe,
}

impl Store {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Nats => "nats",
            Self::Redis => "redis",
            Self::Stripe => "stripe",
        }
    }
}

/// Whom a fault is about: a cell of the coverage table has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Role {
    /// One replica of a service, or both.
    Service(Service),
    /// The network between them.
    Link(Service, Store),
    /// A server, or one of several.
    Store(Store),
    /// The stream of what a service publishes.
    Stream(Service),
}

impl Role {
    /// The services of which an episode runs two replicas.
    pub(crate) const SERVICES: [Service; 5] =
        [Service::Auth, Service::Tickets, Service::Orders, Service::Expiration, Service::Payments];

    pub(crate) fn services() -> Vec<Self> {
        Self::SERVICES.map(Self::Service).to_vec()
    }

    /// Every pair that speaks to each other.
    pub(crate) fn links() -> Vec<Self> {
        Self::SERVICES
            .iter()
            .flat_map(|name| stores_of(*name).map(|store| Self::Link(*name, store)))
            .collect()
    }

    pub(crate) fn streams() -> Vec<Self> {
        Service::ON_THE_BROKER.map(Self::Stream).to_vec()
    }
}

/// What a service is connected to.
pub(crate) fn stores_of(name: Service) -> impl Iterator<Item = Store> {
    let postgres = name.has_database().then_some(Store::Postgres);
    let nats = name.is_on_the_broker().then_some(Store::Nats);
    let redis = (name == Service::Expiration).then_some(Store::Redis);
    let stripe = (name == Service::Payments).then_some(Store::Stripe);
    [postgres, nats, redis, stripe].into_iter().flatten()
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => write!(f, "{name}"),
            Self::Link(name, store) => write!(f, "{name}-{}", store.name()),
            Self::Store(store) => write!(f, "{}", store.name()),
            Self::Stream(publisher) => write!(f, "stream of {publisher}"),
        }
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
