//! What the schedule needs to know of its server's settings.

use std::collections::HashMap;

use redis::cmd;

use super::{Schedule, Unavailable, unavailable};

/// Settings of the Redis server that decide whether timers survive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFacts {
    /// What the server does when it is full: anything but `noeviction` drops timers.
    pub maxmemory_policy: String,
    /// Whether timers survive a restart of the server.
    pub aof_enabled: bool,
    /// Whether it is a node of a Redis Cluster, which answers only for its own slots.
    pub is_cluster: bool,
    /// Whether it is a replica, which takes no timers.
    pub is_replica: bool,
}

impl ServerFacts {
    /// Whether a full server keeps its timers.
    pub fn keeps_when_full(&self) -> bool {
        self.maxmemory_policy == "noeviction"
    }

    /// Why this server can't keep the schedule, if so: for `/readyz`.
    pub fn obstacle(&self) -> Option<&'static str> {
        if self.is_cluster {
            return Some(
                "it is a node of a Redis Cluster, which is not supported: use a single server, with replicas if need be",
            );
        }
        self.is_replica.then_some("it is a replica and takes no timers: REDIS_URL has to lead to the primary")
    }
}

impl Schedule {
    /// Reads the server's settings from INFO: access lists refuse CONFIG.
    ///
    /// # Errors
    /// When Redis gave no answer.
    pub async fn server_facts(&self) -> Result<ServerFacts, Unavailable> {
        let info: String = self
            .connection
            .run(|mut redis| async move {
                let mut info = cmd("INFO");
                info.arg("memory").arg("persistence").arg("server").arg("replication");
                info.query_async(&mut redis).await
            })
            .await
            .map_err(unavailable("read INFO"))?;
        let fields: HashMap<&str, &str> = info.lines().filter_map(|line| line.split_once(':')).collect();
        let field = |name| fields.get(name).map_or("", |value| value.trim());
        Ok(ServerFacts {
            maxmemory_policy: field("maxmemory_policy").to_owned(),
            aof_enabled: field("aof_enabled") == "1",
            // Valkey 9 has a name of its own beside the one of Redis.
            is_cluster: [field("redis_mode"), field("server_mode")].contains(&"cluster"),
            is_replica: field("role") == "slave",
        })
    }
}
