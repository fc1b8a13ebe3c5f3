//! The three servers, as in production but for the disk, a database for each service that has one, and a stand-in for
//! Stripe.

use common::Service;
use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use anyhow::Result;

use messaging::{Permissions, topology::Topology};
use stripe_stand_in::StandIn;

use super::{JWT_KEY, Stores, stripe};
use testkit::{Database, Nats, Postgres, Redis, paths};

/// Nothing is evicted, and a restart loses no timer.
const REDIS: [&str; 4] = ["--appendonly", "yes", "--maxmemory-policy", "noeviction"];

/// Lines of the broker's configuration. As in production, each service is a user of its own, whose password is its name, and
/// may do on the broker what it needs and nothing else. A connection without a password is a test, and may look at everything.
pub fn broker_users() -> String {
    let topology = Topology::new(super::CLUSTER, 1);
    let mut users = String::from("{ user: test, password: test }\n");
    for service in Service::USERS_OF_THE_BROKER {
        let permissions = Permissions::of(&topology, service);
        // Writing to a text never fails.
        let _ = writeln!(users, "{{ user: {service}, password: {service}, permissions: {permissions} }}");
    }
    format!("authorization {{ users: [\n{users}] }}\nno_auth_user: test\n")
}

#[derive(Debug)]
pub(crate) struct Servers {
    pub(super) nats: Nats,
    pub(super) redis: Redis,
    pub(super) postgres: Postgres,
    pub(super) databases: BTreeMap<Service, Database>,
    stripe: Arc<StandIn>,
}

impl Servers {
    pub(super) async fn start() -> Result<Self> {
        let users = broker_users();
        let (nats, redis, postgres) =
            tokio::try_join!(Nats::start_with(&users), Redis::start_with(&REDIS), Postgres::start())?;
        let mut databases = BTreeMap::new();
        for name in Service::OURS.into_iter().filter(|name| name.has_database()) {
            databases.insert(name, postgres.database_named(name.as_str()).await?);
        }
        Ok(Self { nats, redis, postgres, databases, stripe: stripe::start().await? })
    }

    /// Starts each server again that has ended by itself, on what it has kept, and says so.
    pub(crate) async fn start_again(&self) {
        let Self { nats, redis, postgres, .. } = self;
        if !nats.is_running() {
            told("NATS", nats.restart().await);
        }
        if !redis.is_running() {
            told("Redis", redis.restart().await);
        }
        if !postgres.is_running() {
            told("Postgres", postgres.restart().await);
        }
    }

    /// What each service is told of them.
    pub(super) fn stores(&self) -> Stores {
        let mut stores = Stores::beside(self.stripe.clone());
        for (name, database) in &self.databases {
            stores.set(*name, "DATABASE_URL", database.url());
            stores.set(*name, "JWT_KEY", JWT_KEY);
        }
        for name in Service::USERS_OF_THE_BROKER {
            let user = format!("://{name}:{name}@");
            stores.set(name, "NATS_URL", self.nats.url().replacen("://", &user, 1));
        }
        stores.set(Service::Expiration, "REDIS_URL", self.redis.url());
        stores
    }
}

fn told(name: &str, started: Result<()>) {
    let text = match started {
        Ok(()) => format!("{name} has ended by itself; it is started again"),
        Err(error) => format!("{name} has ended by itself, and could not be started again: {error:#}"),
    };
    paths::say(&text);
}
