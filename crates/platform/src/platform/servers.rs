//! The three servers, as in production but for the disk, and a database for each service that has one.

use common::Service;
use std::{collections::BTreeMap, fmt::Write as _};

use anyhow::Result;

use messaging::{Permissions, topology::Topology};

use super::{JWT_KEY, Stores};
use testkit::{Database, Nats, Postgres, Redis};

/// Nothing is evicted, and a restart loses no timer.
const REDIS: [&str; 4] = ["--appendonly", "yes", "--maxmemory-policy", "noeviction"];

/// As in production, each service is a user of its own and may do on the broker what it needs and nothing else. A
/// connection without a password is a test, and may look at everything.
fn users() -> String {
    let topology = Topology::new(super::CLUSTER, 1);
    let mut users = String::from("{ user: test, password: test }\n");
    for service in Service::ON_THE_BROKER {
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
}

impl Servers {
    pub(super) async fn start() -> Result<Self> {
        let users = users();
        let (nats, redis, postgres) =
            tokio::try_join!(Nats::start_with(&users), Redis::start_with(&REDIS), Postgres::start())?;
        let mut databases = BTreeMap::new();
        for name in Service::OURS.into_iter().filter(|name| name.has_database()) {
            databases.insert(name, postgres.database_named(name.as_str()).await?);
        }
        Ok(Self { nats, redis, postgres, databases })
    }

    /// What each service is told of them.
    pub(super) fn stores(&self) -> Stores {
        let mut stores = Stores::default();
        for (name, database) in &self.databases {
            stores.set(*name, "DATABASE_URL", database.url());
            stores.set(*name, "JWT_KEY", JWT_KEY);
        }
        for name in [Service::Tickets, Service::Orders, Service::Expiration] {
            let user = format!("://{name}:{name}@");
            stores.set(name, "NATS_URL", self.nats.url().replacen("://", &user, 1));
        }
        stores.set(Service::Expiration, "REDIS_URL", self.redis.url());
        stores
    }
}
