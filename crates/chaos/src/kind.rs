//! Every kind of fault: its name, whom it can be about, which servers it needs, and how long it lasts.

use std::{fmt, ops::Range, str::FromStr, time::Duration};

use common::Service;
use serde::{Serialize, Serializer};

use crate::{
    role::{Role, Store},
    shape::{Broker, Copies, Needs, Schedule},
};

/// What can be done to the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Kill,
    Stop,
    Restart,
    ReleaseBefore,
    ClockAhead,
    ClockBehind,
    ClockJumps,
    CutToServer,
    CutToClient,
    Cut,
    Slow,
    Narrow,
    Lossy,
    Reset,
    Refused,
    RedisWiped,
    RedisKilled,
    RedisPaused,
    RedisRestarted,
    RedisFailover,
    RedisSentinel,
    RedisFull,
    RedisOlder,
    RedisDiskFull,
    RedisPowerCut,
    NatsKilled,
    NatsPaused,
    NatsRestarted,
    NatsLeaderKilled,
    NatsDiskLost,
    NatsOlder,
    StreamDeleted,
    NatsDiskFull,
    NatsPowerCut,
    PostgresKilled,
    PostgresPaused,
    PostgresRestarted,
    PostgresNoConnections,
    PostgresFailover,
    PostgresDiskFull,
}

/// One line of the table: kind, name, whom it can be about, how long it lasts in ms.
type Row = (Kind, &'static str, Whom, Range<u64>);

/// Whom a kind of fault can be about.
#[derive(Clone, Copy, Debug)]
enum Whom {
    Services,
    Links,
    Streams,
    Server(Store),
}

const TABLE: [Row; 40] = [
    (Kind::Kill, "kill", Whom::Services, 50..3_000),
    (Kind::Stop, "stop", Whom::Services, 1_000..6_000),
    (Kind::Restart, "restart", Whom::Services, 0..500),
    (Kind::ReleaseBefore, "release-before", Whom::Services, 1_000..3_000),
    (Kind::ClockAhead, "clock-ahead", Whom::Services, 1_500..5_000),
    (Kind::ClockBehind, "clock-behind", Whom::Services, 1_500..5_000),
    (Kind::ClockJumps, "clock-jumps", Whom::Services, 2_000..5_000),
    (Kind::CutToServer, "cut-to-server", Whom::Links, 500..5_000),
    (Kind::CutToClient, "cut-to-client", Whom::Links, 500..5_000),
    (Kind::Cut, "cut", Whom::Links, 500..5_000),
    (Kind::Slow, "slow", Whom::Links, 1_000..5_000),
    (Kind::Narrow, "narrow", Whom::Links, 1_000..5_000),
    (Kind::Lossy, "lossy", Whom::Links, 1_500..5_000),
    (Kind::Reset, "reset", Whom::Links, 300..2_500),
    (Kind::Refused, "refused", Whom::Links, 500..4_000),
    (Kind::RedisWiped, "redis-wiped", Whom::Server(Store::Redis), 0..1),
    (Kind::RedisKilled, "redis-killed", Whom::Server(Store::Redis), 100..3_000),
    (Kind::RedisPaused, "redis-paused", Whom::Server(Store::Redis), 1_000..5_000),
    (Kind::RedisRestarted, "redis-restarted", Whom::Server(Store::Redis), 0..500),
    (Kind::RedisFailover, "redis-failover", Whom::Server(Store::Redis), 200..2_500),
    (Kind::RedisSentinel, "redis-sentinel", Whom::Server(Store::Redis), 200..2_500),
    (Kind::RedisFull, "redis-full", Whom::Server(Store::Redis), 1_000..4_000),
    (Kind::RedisOlder, "redis-older", Whom::Server(Store::Redis), 800..3_500),
    (Kind::RedisDiskFull, "redis-disk-full", Whom::Server(Store::Redis), 1_000..4_000),
    (Kind::RedisPowerCut, "redis-power-cut", Whom::Server(Store::Redis), 200..2_000),
    (Kind::NatsKilled, "nats-killed", Whom::Server(Store::Nats), 100..3_000),
    (Kind::NatsPaused, "nats-paused", Whom::Server(Store::Nats), 1_000..5_000),
    (Kind::NatsRestarted, "nats-restarted", Whom::Server(Store::Nats), 0..500),
    (Kind::NatsLeaderKilled, "nats-leader-killed", Whom::Streams, 500..3_000),
    (Kind::NatsDiskLost, "nats-disk-lost", Whom::Server(Store::Nats), 100..1_500),
    (Kind::NatsOlder, "nats-older", Whom::Server(Store::Nats), 800..3_500),
    (Kind::StreamDeleted, "stream-deleted", Whom::Streams, 0..1),
    (Kind::NatsDiskFull, "nats-disk-full", Whom::Server(Store::Nats), 1_000..4_000),
    (Kind::NatsPowerCut, "nats-power-cut", Whom::Server(Store::Nats), 200..2_000),
    (Kind::PostgresKilled, "postgres-killed", Whom::Server(Store::Postgres), 100..3_000),
    (Kind::PostgresPaused, "postgres-paused", Whom::Server(Store::Postgres), 1_000..5_000),
    (Kind::PostgresRestarted, "postgres-restarted", Whom::Server(Store::Postgres), 0..500),
    (Kind::PostgresNoConnections, "postgres-no-connections", Whom::Server(Store::Postgres), 1_000..4_000),
    (Kind::PostgresFailover, "postgres-failover", Whom::Server(Store::Postgres), 500..3_000),
    (Kind::PostgresDiskFull, "postgres-disk-full", Whom::Server(Store::Postgres), 1_000..4_000),
];

impl Kind {
    pub(crate) const ALL: [Self; TABLE.len()] = {
        let mut all = [Self::Kill; TABLE.len()];
        let mut at = 0;
        while at < TABLE.len() {
            all[at] = TABLE[at].0;
            at += 1;
        }
        all
    };

    fn row(self) -> &'static Row {
        // The table has the kinds in their order, which a test looks at.
        &TABLE[self as usize]
    }

    pub(crate) fn name(self) -> &'static str {
        self.row().1
    }

    /// Whom it can be about.
    pub(crate) fn roles(self) -> Vec<Role> {
        match self.row().2 {
            // The one before knows nothing of money, nor do its `orders` of more time: whoever asks for either waits until it is new.
            Whom::Services if self == Self::ReleaseBefore => {
                [Service::Auth, Service::Tickets, Service::Expiration].map(Role::Service).to_vec()
            }
            Whom::Services => Role::services(),
            Whom::Links => Role::links(),
            Whom::Streams => Role::streams(),
            Whom::Server(store) => vec![Role::Store(store)],
        }
    }

    /// From when it is asked for until it is healed; the healing itself comes on top.
    pub(crate) fn lasts(self) -> Range<Duration> {
        let Range { start, end } = self.row().3;
        Duration::from_millis(start)..Duration::from_millis(end)
    }

    /// The longest that a person would believe, once in a while.
    pub(crate) fn longest(self) -> Option<Duration> {
        (self == Self::Stop).then_some(Duration::from_secs(20))
    }

    /// Whether it is about what time a process believes it is.
    pub(crate) fn is_of_clocks(self) -> bool {
        matches!(self, Self::ClockAhead | Self::ClockBehind | Self::ClockJumps)
    }

    /// Whether it takes effect at the end of its time: until then data is written that is then lost.
    pub(crate) fn strikes_last(self) -> bool {
        use Kind::{NatsOlder, NatsPowerCut, RedisFailover, RedisOlder, RedisPowerCut};
        matches!(self, RedisFailover | RedisOlder | RedisPowerCut | NatsOlder | NatsPowerCut)
    }

    /// Which servers it needs.
    pub(crate) fn needs(self) -> Needs {
        let any = Needs::default();
        match self {
            Self::RedisFailover => Needs { redis: Some(Schedule::Pair), ..any },
            Self::RedisSentinel => Needs { redis: Some(Schedule::Watched), ..any },
            Self::RedisOlder => Needs { redis: Some(Schedule::Single), ..any },
            Self::RedisDiskFull | Self::RedisPowerCut => {
                Needs { redis: Some(Schedule::Single), disk: Some(Store::Redis), ..any }
            }
            Self::NatsLeaderKilled | Self::NatsDiskLost => Needs { nats: Some(Broker::Three), ..any },
            Self::NatsOlder => Needs { nats: Some(Broker::One), ..any },
            Self::NatsDiskFull | Self::NatsPowerCut => {
                Needs { nats: Some(Broker::One), disk: Some(Store::Nats), ..any }
            }
            Self::PostgresFailover => Needs { postgres: Some(Copies::Pair), ..any },
            Self::PostgresDiskFull => {
                Needs { postgres: Some(Copies::Single), disk: Some(Store::Postgres), ..any }
            }
            _ => any,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Reads a kind of fault by its name.
impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|kind| kind.name() == text);
        known.ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.into_iter().map(Self::name).collect();
            format!("there is no fault `{text}`; there are: {}", names.join(", "))
        })
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_kind_in_its_place() {
        for (place, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place, "{kind:?}");
            assert_eq!(kind.name().parse(), Ok(kind));
            assert!(!kind.roles().is_empty());
        }
        assert!("earthquake".parse::<Kind>().unwrap_err().contains("nats-leader-killed"));
    }

    #[test]
    fn every_kind_is_told_of_in_the_documentation() {
        let documentation = include_str!("../../../docs/FAULTS.md");
        for kind in Kind::ALL {
            assert!(documentation.contains(&format!("`{kind}`")), "{kind} is not in docs/FAULTS.md");
        }
    }
}
