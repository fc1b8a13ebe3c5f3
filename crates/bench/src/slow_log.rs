//! How long Redis' commands keep it from others, by its own `SLOWLOG`.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use testkit::Redis;

/// Redis is kept from others for no longer.
const LONGEST_US: u64 = 2_000;

/// The list, in which everything stands from its beginning on.
pub(crate) struct SlowLog;

/// What stands in it of one kind of command.
#[derive(Default)]
struct Kind {
    calls: u64,
    slow: u64,
    longest_us: u64,
}

impl SlowLog {
    pub(crate) async fn begin(redis: &Redis) -> Result<Self> {
        let mut connection = redis.connect().await?;
        for (name, value) in [("slowlog-max-len", "1000000"), ("slowlog-log-slower-than", "0")] {
            redis::cmd("CONFIG").arg("SET").arg(name).arg(value).exec_async(&mut connection).await?;
        }
        redis::cmd("SLOWLOG").arg("RESET").exec_async(&mut connection).await?;
        Ok(Self)
    }

    /// The longest command since then, and how many were too long.
    ///
    /// # Errors
    /// When a kind of command is too long more often than a busy machine explains; with what it is.
    pub(crate) async fn judge(self, redis: &Redis) -> Result<(u64, u64)> {
        let mut connection = redis.connect().await?;
        let mut off = redis::cmd("CONFIG");
        off.arg("SET").arg("slowlog-log-slower-than").arg("-1").exec_async(&mut connection).await?;
        let mut get = redis::cmd("SLOWLOG");
        let log: Vec<redis::Value> = get.arg("GET").arg("-1").query_async(&mut connection).await?;
        let mut kinds: BTreeMap<String, Kind> = BTreeMap::new();
        for entry in log {
            let redis::Value::Array(mut fields) = entry else { continue };
            fields.truncate(4);
            let (_, _, us, words): (u64, u64, u64, Vec<String>) =
                redis::from_redis_value(redis::Value::Array(fields))?;
            // Of a script, which one.
            let of = if words[0].eq_ignore_ascii_case("evalsha") { 2 } else { 1 };
            let kind = kinds.entry(words[..of].join(" ")).or_default();
            kind.calls += 1;
            kind.slow += u64::from(us >= LONGEST_US);
            kind.longest_us = kind.longest_us.max(us);
        }
        ensure!(!kinds.is_empty(), "Redis was asked for nothing");
        for (name, Kind { calls, slow, longest_us }) in &kinds {
            // A machine that does something else for a moment hits one call in many, and not one of these only.
            ensure!(
                slow * 50 <= *calls,
                "{slow} of {calls} {name} keep Redis for 2 ms or more, up to {longest_us} µs"
            );
        }
        let longest = kinds.values().map(|kind| kind.longest_us).max().unwrap_or_default();
        Ok((longest, kinds.values().map(|kind| kind.slow).sum()))
    }
}
