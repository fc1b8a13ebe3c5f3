//! `cargo xtask nats-permissions`: what each user of the broker may do, for its configuration.

use common::Service;
use std::fmt::Write as _;

use anyhow::Result;

use messaging::{Permissions, topology::Topology};

use crate::generated::Generated;

/// The file that the broker's configuration includes.
pub(crate) const FILE: Generated = Generated {
    file: "infra/k8s/components/nats/permissions.conf",
    command: "cargo xtask nats-permissions",
    text,
};

/// `NATS_CLUSTER_ID` of the manifests.
const CLUSTER: &str = "ticketing";

const HEAD: &str = "\
# What each user of NATS may do, for NATS_CLUSTER_ID=ticketing. Written by `cargo xtask nats-permissions` from the topology in
# crates/messaging: change it there. Each has reply subjects of its own, so that nobody hears what another asked for.
";

const ADMIN_HEAD: &str = "\
# For operators who change the topology, look into it or back it up: all of JetStream, but no events.
";

fn text() -> Result<String> {
    let topology = Topology::new(CLUSTER, 1);
    let mut text = String::from(HEAD);
    for service in Service::USERS_OF_THE_BROKER {
        let name = service.as_str().to_uppercase();
        write!(text, "\n{name}: {}\n", Permissions::of(&topology, service))?;
    }
    write!(text, "\n{ADMIN_HEAD}ADMIN: {}\n", Permissions::of_admin())?;
    Ok(text)
}
