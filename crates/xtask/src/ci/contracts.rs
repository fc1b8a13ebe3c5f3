//! The published contracts are current, and valid by those who define their language.

use anyhow::{Context, Result};
use testkit::{node::Node, npm};

use super::{here, succeed};
use crate::asyncapi;

/// Where the validator and its lock file are.
const VALIDATOR: &str = "crates/xtask/asyncapi";
const SCRIPT: &str = "validate.js";
/// The oldest Node.js that it runs on.
const OLDEST_NODE: u32 = 20;

/// The document of the events is what the types say, and AsyncAPI's own parser takes it without a warning.
pub(super) fn asyncapi() -> Result<()> {
    asyncapi::FILE.check()?;
    let node = Node::locate(OLDEST_NODE)?;
    let script = npm::install(&node, VALIDATOR, "asyncapi")?.join(SCRIPT);
    succeed(here(node.node()).arg(script).arg(asyncapi::FILE.file))
        .with_context(|| format!("{} breaks AsyncAPI's rules", asyncapi::FILE.file))
}
