//! The servers of an episode: one of each, or a cluster or a pair, and one of them on a small disk if the plan asks for it.

use anyhow::{Context, Result};
use common::Service;
use testkit::{
    Disk, Host, Nats, NatsCluster, Postgres, PostgresPair, Redis, RedisPair, SentinelGroup, Server,
};

use crate::{
    role::Store,
    shape::{self, Copies, Shape},
};

/// As in production: nothing is evicted, and a restart loses no timer.
const REDIS: [&str; 4] = ["--appendonly", "yes", "--maxmemory-policy", "noeviction"];
/// Few enough connections that all of them can be taken in a moment.
const POSTGRES: [&str; 2] = ["fsync=off", "max_connections=120"];

/// The broker, the schedule, and the databases.
#[derive(Debug)]
pub(crate) struct Servers {
    pub(crate) broker: Broker,
    pub(crate) schedule: Schedule,
    pub(crate) databases: Databases,
    /// That of the store which lies on it.
    disk: Option<(Store, Disk)>,
}

/// NATS.
#[derive(Debug)]
pub(crate) enum Broker {
    One(Box<Nats>),
    Three(Box<NatsCluster>),
}

/// Redis.
#[derive(Debug)]
pub(crate) enum Schedule {
    Single(Box<Redis>),
    Pair(Box<RedisPair>),
    Watched(Box<SentinelGroup>),
}

/// Postgres.
#[derive(Debug)]
pub(crate) enum Databases {
    Single(Box<Postgres>),
    Pair(Box<PostgresPair>),
}

impl Servers {
    pub(super) async fn start(shape: &Shape) -> Result<Self> {
        let disk =
            shape.disk.map(|store| anyhow::Ok((store, Disk::of_megabytes(megabytes(store))?))).transpose()?;
        let host = |of: Store| match &disk {
            Some((store, disk)) if *store == of => Host::default().with_disk(disk),
            _ => Host::default(),
        };
        let (nats, redis, postgres) = (host(Store::Nats), host(Store::Redis), host(Store::Postgres));
        let started = tokio::try_join!(
            Box::pin(Broker::start(shape.nats, &nats)),
            Box::pin(Schedule::start(shape.redis, &redis)),
            Box::pin(Databases::start(shape.postgres, &postgres)),
        );
        let (broker, schedule, databases) = started?;
        Ok(Self { broker, schedule, databases, disk })
    }

    pub(crate) fn nats_url(&self) -> String {
        match &self.broker {
            Broker::One(nats) => nats.url(),
            Broker::Three(cluster) => cluster.urls(),
        }
    }

    pub(super) fn nats_replicas(&self) -> usize {
        match &self.broker {
            Broker::One(_) => 1,
            Broker::Three(cluster) => cluster.size(),
        }
    }

    pub(super) fn redis_url(&self) -> String {
        match &self.schedule {
            Schedule::Single(redis) => redis.url(),
            Schedule::Pair(pair) => pair.url(),
            Schedule::Watched(group) => group.url(),
        }
    }

    pub(super) fn database_url(&self, name: Service) -> String {
        let url = match &self.databases {
            Databases::Single(postgres) => postgres.url(),
            Databases::Pair(pair) => pair.url(),
        };
        let server = url.rsplit_once('/').map_or(url.as_str(), |(server, _)| server);
        format!("{server}/{name}")
    }

    /// The disk of a store that has a small one of its own.
    pub(crate) fn disk(&self, of: Store) -> Option<&Disk> {
        self.disk.as_ref().filter(|(store, _)| *store == of).map(|(_, disk)| disk)
    }

    /// The server of a store that clients use; of several, the one with this number.
    pub(crate) fn one_of(&self, store: Store, number: u64) -> Result<&Server> {
        let of_three = |size: usize| usize::try_from(number % size.max(1) as u64).unwrap_or_default();
        match store {
            Store::Nats => Ok(match &self.broker {
                Broker::One(nats) => nats,
                Broker::Three(cluster) => cluster.server(of_three(cluster.size())),
            }),
            Store::Redis => Ok(self.schedule.primary()),
            Store::Postgres => Ok(self.databases.primary()),
            Store::Stripe => anyhow::bail!("the provider is no server of ours"),
        }
    }

    /// Every server that has to run in the end, with its name.
    fn all(&self) -> Vec<(String, &Server)> {
        let mut all: Vec<(String, &Server)> = vec![("postgres".to_owned(), self.databases.primary())];
        match &self.schedule {
            Schedule::Watched(group) => {
                all.extend([0, 1].map(|number| (format!("redis-{number}"), &**group.server(number))));
            }
            schedule => all.push(("redis".to_owned(), schedule.primary())),
        }
        match &self.broker {
            Broker::One(nats) => all.push(("nats".to_owned(), nats)),
            Broker::Three(cluster) => {
                let servers =
                    (0..cluster.size()).map(|number| (format!("nats-{number}"), &**cluster.server(number)));
                all.extend(servers);
            }
        }
        all
    }

    /// Undoes what is still in force; says what could not be undone.
    pub(super) async fn heal(&self) -> Vec<String> {
        let mut unhealed = Vec::new();
        let mut say = |name: &str, healed: Result<()>| {
            unhealed.extend(healed.err().map(|error| format!("{name}: {error:#}")));
        };
        if let Some((store, disk)) = &self.disk {
            say(store.name(), disk.free());
        }
        for (name, server) in self.all() {
            say(&name, if server.is_running() { server.resume() } else { server.start_again() });
        }
        for (name, server) in self.all() {
            say(&name, server.ready().await);
        }
        if let Schedule::Watched(group) = &self.schedule {
            say("the network of redis", group.heal().await);
            say("sentinel", group.complete().await);
        }
        say("redis", self.schedule.primary().unfill().await);
        if let Broker::Three(cluster) = &self.broker {
            say("the network of nats", cluster.heal().await);
        }
        unhealed
    }

    pub(super) fn logs(&self) -> Vec<(String, String)> {
        self.all().into_iter().map(|(name, server)| (name, server.log())).collect()
    }
}

impl Broker {
    async fn start(shape: shape::Broker, host: &Host) -> Result<Self> {
        let users = platform::broker_users();
        Ok(match shape {
            shape::Broker::One => Self::One(Box::new(Nats::start_on(host, &users).await?)),
            shape::Broker::Three => Self::Three(Box::new(Box::pin(NatsCluster::start_with(&users)).await?)),
        })
    }

    /// The only server.
    pub(crate) fn single(&self) -> Result<&Nats> {
        match self {
            Self::One(nats) => Ok(nats),
            Self::Three(_) => anyhow::bail!("the broker is of three servers"),
        }
    }

    pub(crate) fn cluster(&self) -> Result<&NatsCluster> {
        match self {
            Self::One(_) => anyhow::bail!("the broker is of one server"),
            Self::Three(cluster) => Ok(cluster),
        }
    }
}

impl Schedule {
    async fn start(shape: shape::Schedule, host: &Host) -> Result<Self> {
        Ok(match shape {
            shape::Schedule::Single => Self::Single(Box::new(Redis::start_on(host, &REDIS).await?)),
            shape::Schedule::Pair => Self::Pair(Box::new(RedisPair::start_with(&REDIS).await?)),
            shape::Schedule::Watched => {
                Self::Watched(Box::new(Box::pin(SentinelGroup::start_with(&REDIS)).await?))
            }
        })
    }

    /// The one that clients use.
    pub(crate) fn primary(&self) -> &Redis {
        match self {
            Self::Single(redis) => redis,
            Self::Pair(pair) => pair.primary(),
            Self::Watched(group) => group.server(group.leader()),
        }
    }

    pub(crate) fn pair(&self) -> Result<&RedisPair> {
        match self {
            Self::Pair(pair) => Ok(pair),
            Self::Single(_) | Self::Watched(_) => anyhow::bail!("Redis has no replica that follows us"),
        }
    }

    pub(crate) fn watched(&self) -> Result<&SentinelGroup> {
        match self {
            Self::Watched(group) => Ok(group),
            Self::Single(_) | Self::Pair(_) => anyhow::bail!("no Sentinel watches Redis"),
        }
    }
}

impl Databases {
    async fn start(copies: Copies, host: &Host) -> Result<Self> {
        let databases = match copies {
            Copies::Single => Self::Single(Box::new(Postgres::start_on(host, &POSTGRES).await?)),
            Copies::Pair => Self::Pair(Box::new(Box::pin(PostgresPair::start_with(&POSTGRES)).await?)),
        };
        for name in Service::OURS.into_iter().filter(|name| name.has_database()) {
            let made = databases.primary().database_named(name.as_str()).await;
            made.with_context(|| format!("make the database of {name}"))?;
        }
        Ok(databases)
    }

    /// The one that clients use.
    pub(crate) fn primary(&self) -> &Postgres {
        match self {
            Self::Single(postgres) => postgres,
            Self::Pair(pair) => pair.primary(),
        }
    }

    pub(crate) fn pair(&self) -> Result<&PostgresPair> {
        match self {
            Self::Single(_) => anyhow::bail!("Postgres has no standby"),
            Self::Pair(pair) => Ok(pair),
        }
    }
}

/// Room for what an episode stores, and little more.
fn megabytes(of: Store) -> u64 {
    match of {
        Store::Postgres => 320,
        Store::Nats | Store::Redis | Store::Stripe => 128,
    }
}
