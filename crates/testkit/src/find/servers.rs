//! Which of the promised versions of the servers tests run on.

use std::{fmt, str::FromStr, sync::OnceLock};

use anyhow::{Context as _, Result};

use crate::paths;

/// Which servers to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Servers {
    /// The oldest versions that are promised.
    Oldest,
    /// The newest.
    Newest,
    /// What this machine has, or else the newest.
    #[default]
    Found,
}

/// The text names no choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected oldest, newest or found")]
pub struct UnknownServers;

static CHOSEN: OnceLock<Servers> = OnceLock::new();

impl Servers {
    /// The variable by which processes that this one starts are told.
    pub const VARIABLE: &str = "TESTKIT_SERVERS";

    /// Chooses for this process. Called before the first server is looked for.
    pub fn choose(self) {
        // A second choice would come too late: the servers have been found.
        let _ = CHOSEN.set(self);
    }

    pub(super) fn chosen() -> Result<Self> {
        if let Some(chosen) = CHOSEN.get() {
            return Ok(*chosen);
        }
        let Some(text) = paths::variable(Self::VARIABLE) else { return Ok(Self::default()) };
        let text = text.to_string_lossy();
        text.parse().with_context(|| format!("{} is {text}", Self::VARIABLE))
    }
}

impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Oldest => "oldest",
            Self::Newest => "newest",
            Self::Found => "found",
        })
    }
}

impl FromStr for Servers {
    type Err = UnknownServers;

    fn from_str(text: &str) -> Result<Self, UnknownServers> {
        let all = [Self::Oldest, Self::Newest, Self::Found];
        all.into_iter().find(|servers| servers.to_string() == text).ok_or(UnknownServers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_read_as_it_is_written() {
        for servers in [Servers::Oldest, Servers::Newest, Servers::Found] {
            assert_eq!(servers.to_string().parse(), Ok(servers));
        }
        assert_eq!("old".parse::<Servers>(), Err(UnknownServers));
    }
}
