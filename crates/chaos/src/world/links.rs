//! The network between each process and each of its stores: a relay for every pair, so that it can be broken for one
//! process alone.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result};
use common::Service;
use futures_util::future::{join_all, try_join_all};
use stripe_stand_in::StandIn;
use testkit::Relay;

use super::{Servers, as_user};
use crate::role::{Store, stores_of};

/// By which variable a service is told where a store is.
fn variable_of(store: Store) -> &'static str {
    match store {
        Store::Postgres => "DATABASE_URL",
        Store::Nats => "NATS_URL",
        Store::Redis => "REDIS_URL",
        Store::Stripe => "STRIPE_API_URL",
    }
}

/// The variables of each process that say where its stores are, by its name.
pub(super) type Variables = BTreeMap<String, Vec<(&'static str, String)>>;

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// By process and store; more than one where the store is several servers.
    relays: BTreeMap<(String, Store), Vec<Relay>>,
    variables: Variables,
}

impl Links {
    pub(super) async fn between(
        labels: &[(String, Service)],
        servers: &Servers,
        stripe: &Arc<StandIn>,
    ) -> Result<Self> {
        let mut links = Self::default();
        for (label, name) in labels {
            for store in stores_of(*name) {
                let url = match store {
                    Store::Postgres => servers.database_url(*name),
                    Store::Nats => as_user(&servers.nats_url(), *name),
                    Store::Redis => servers.redis_url(),
                    Store::Stripe => stripe.url().to_owned(),
                };
                links.add(label, store, &url).await.with_context(|| format!("between {label} and {url}"))?;
            }
        }
        Ok(links)
    }

    /// Puts a relay before each server that is named here.
    async fn add(&mut self, label: &str, store: Store, urls: &str) -> Result<()> {
        let (mut relays, mut through) = (Vec::new(), Vec::new());
        for url in urls.split(',') {
            let relay = Relay::to(port(url)?).await?;
            through.push(relay.url(url));
            relays.push(relay);
        }
        self.relays.insert((label.to_owned(), store), relays);
        let variable = (variable_of(store), through.join(","));
        self.variables.entry(label.to_owned()).or_default().push(variable);
        Ok(())
    }

    /// What each process is told, so that it takes its own way to its stores.
    pub(super) fn variables(&self) -> Variables {
        self.variables.clone()
    }

    /// The ways of these processes to a store.
    pub(crate) fn of(&self, labels: &[String], store: Store) -> Vec<&Relay> {
        let of = |label: &String| self.relays.get(&(label.clone(), store)).into_iter().flatten();
        labels.iter().flat_map(of).collect()
    }

    /// Everything passes again.
    pub(super) async fn heal(&self) -> Vec<String> {
        let healed = join_all(self.relays.iter().map(async |((label, store), relays)| {
            let healed = try_join_all(relays.iter().map(Relay::heal)).await;
            healed.err().map(|error| format!("the way of {label} to {}: {error:#}", store.name()))
        }));
        healed.await.into_iter().flatten().collect()
    }
}

/// The port at the end of the authority of an address.
fn port(url: &str) -> Result<u16> {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    let port = authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    port.with_context(|| format!("no port in {url}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_an_address_is_found_behind_its_user() {
        assert_eq!(port("nats://orders:orders@127.0.0.1:4222").unwrap(), 4222);
        assert_eq!(port("postgres://postgres@127.0.0.1:5432/orders").unwrap(), 5432);
        assert_eq!(port("redis://127.0.0.1:6379").unwrap(), 6379);
        assert!(port("redis://127.0.0.1").is_err());
    }
}
