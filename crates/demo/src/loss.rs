//! What a server loses in the middle of it.

use std::{fmt, str::FromStr};

/// What is lost of what a server has acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Loss {
    /// Redis is wiped.
    #[default]
    Redis,
    /// Redis gets older files back.
    RedisFiles,
    /// NATS gets older files back.
    NatsFiles,
    /// The stream of `orders` is deleted, with its consumers.
    Stream,
}

impl Loss {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Redis, Self::RedisFiles, Self::NatsFiles, Self::Stream];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::RedisFiles => "redis-files",
            Self::NatsFiles => "nats-files",
            Self::Stream => "stream",
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Loss {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|loss| loss.as_str() == text).ok_or_else(|| {
            format!("`{text}` can't be lost; expected {}", Self::ALL.map(Self::as_str).join(", "))
        })
    }
}
