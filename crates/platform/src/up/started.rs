//! What `up` has started, on whosever servers.

use anyhow::Result;

use super::introduction::Introduction;
use crate::{Fleet, PlatformBuilder, Stores, platform::Servers};

/// All that runs.
pub(super) struct Started {
    pub(super) fleet: Fleet,
    /// What has to outlive the services.
    pub(super) servers: Option<Servers>,
    pub(super) introduction: Introduction,
}

impl Started {
    /// Starts what `builder` says, on servers of its own where none are given.
    pub(super) async fn new(builder: PlatformBuilder, stores: Option<Stores>) -> Result<Self> {
        if let Some(stores) = stores {
            let fleet = builder.start_on(&stores).await?;
            let introduction = Introduction::of_fleet(&fleet, &stores);
            return Ok(Self { fleet, servers: None, introduction });
        }
        let platform = builder.start().await?;
        let introduction = Introduction::of_platform(&platform);
        let (fleet, servers) = platform.split();
        Ok(Self { fleet, servers: Some(servers), introduction })
    }
}
