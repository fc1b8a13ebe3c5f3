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
}

impl ServerFacts {
    /// Whether a full server keeps its timers.
    pub fn keeps_when_full(&self) -> bool {
        self.maxmemory_policy == "noeviction"
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
                cmd("INFO").arg("memory").arg("persistence").query_async(&mut redis).await
            })
            .await
            .map_err(unavailable("read INFO"))?;
        let fields: HashMap<&str, &str> = info.lines().filter_map(|line| line.split_once(':')).collect();
        let field = |name| fields.get(name).map_or("", |value| value.trim());
        Ok(ServerFacts {
            maxmemory_policy: field("maxmemory_policy").to_owned(),
            aof_enabled: field("aof_enabled") == "1",
        })
    }
}
