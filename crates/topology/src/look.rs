//! How the broker has it, and what keeps a difference from being applied.

use anyhow::{Context, Result};
use async_nats::jetstream::{ErrorCode, stream};
use chrono::{DateTime, FixedOffset, TimeDelta};
use messaging::differences::Difference;
use serde_json::Value;

use crate::{
    broker::{Answer, Broker},
    item::{Item, Wanted},
};

/// What was found of one item.
pub(crate) enum Look {
    Missing,
    Found(Found),
}

/// An item that is there.
pub(crate) struct Found {
    /// Its configuration as the broker answers it.
    pub(crate) config: Value,
    pub(crate) differences: Vec<Difference>,
    /// Why it has to stay as it is; empty when what differs can be applied.
    pub(crate) obstacles: Vec<String>,
}

/// Looks at every item.
///
/// # Errors
/// At the first that the broker does not tell of.
pub(crate) async fn at_all(broker: &Broker, items: &[Item]) -> Result<Vec<Look>> {
    let mut looks = Vec::with_capacity(items.len());
    for item in items {
        looks.push(at(broker, item).await?);
    }
    Ok(looks)
}

/// Looks at one.
///
/// # Errors
/// When the broker does not tell of it.
pub(crate) async fn at(broker: &Broker, item: &Item) -> Result<Look> {
    let what = || format!("look at the {} {}", item.kind(), item.name);
    let info = match broker.ask(&item.info(), None).await.with_context(what)? {
        Answer::Done(info) => info,
        Answer::Refused(error) if is_missing(error.error_code()) => return Ok(Look::Missing),
        Answer::Refused(error) => return Err(error).with_context(what),
    };
    let differences = item.differences(&info["config"]).with_context(what)?;
    let obstacles = obstacles(item, &info, &differences);
    Ok(Look::Found(Found { config: info["config"].clone(), differences, obstacles }))
}

fn is_missing(code: ErrorCode) -> bool {
    [ErrorCode::STREAM_NOT_FOUND, ErrorCode::CONSUMER_NOT_FOUND].contains(&code)
}

fn obstacles(item: &Item, info: &Value, differences: &[Difference]) -> Vec<String> {
    let fixed = differences.iter().filter(|difference| !difference.in_place).map(|difference| {
        format!("the broker changes {} in no {} that is there", difference.setting, item.kind())
    });
    let mut obstacles: Vec<String> = fixed.collect();
    let Wanted::Stream(wanted) = &item.wanted else { return obstacles };
    let differs = |setting: &str| differences.iter().any(|difference| difference.setting == setting);
    let replicas = info["config"]["num_replicas"].as_u64().unwrap_or_default();
    if differs("num_replicas") && !item.may_lose_replicas && replicas > wanted.num_replicas as u64 {
        obstacles.push(format!(
            "{replicas} copies are only given up if NATS_REPLICAS says how many shall be left"
        ));
    }
    if differs("max_age") {
        obstacles.extend(too_old(wanted, info));
    }
    obstacles
}

/// A shorter `max_age` deletes at once what is older, and this command deletes nothing.
fn too_old(wanted: &stream::Config, info: &Value) -> Option<String> {
    let instant = |value: &Value| DateTime::parse_from_rfc3339(value.as_str()?).ok();
    let (now, first): (DateTime<FixedOffset>, _) =
        (instant(&info["ts"])?, instant(&info["state"]["first_ts"])?);
    let is_empty = info["state"]["messages"].as_u64() == Some(0);
    let age = TimeDelta::from_std(wanted.max_age).ok()?;
    let drops = !is_empty && !age.is_zero() && first < now - age;
    drops.then(|| format!("max_age would delete what was stored before {}, from {first} on", now - age))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use messaging::topology::Topology;
    use serde_json::json;

    use super::*;
    use crate::item;

    fn told(max_age: u64, messages: u64, first: &str) -> Option<String> {
        let wanted = stream::Config { max_age: Duration::from_secs(max_age), ..stream::Config::default() };
        let info =
            json!({ "ts": "2026-01-01T01:00:00Z", "state": { "messages": messages, "first_ts": first } });
        too_old(&wanted, &info)
    }

    #[test]
    fn a_shorter_age_is_an_obstacle_where_something_is_older() {
        assert!(told(60, 1, "2026-01-01T00:58:59.5Z").is_some());
        assert_eq!(told(60, 1, "2026-01-01T00:59:00.5Z"), None);
        assert_eq!(told(60, 0, "0001-01-01T00:00:00Z"), None, "nothing is there to be deleted");
        assert_eq!(told(0, 1, "2020-01-01T00:00:00Z"), None, "it is kept without limit");
    }

    #[test]
    fn copies_are_given_up_only_by_whoever_says_how_many_shall_be_left() {
        for (given, there, stays) in [(false, 3, true), (true, 3, false), (false, 1, false)] {
            let items = item::all(&Topology::new("c", 2), given);
            let found = stream::Config { num_replicas: there, ..Topology::new("c", 2).streams().remove(0) };
            let info = json!({ "config": serde_json::to_value(found).unwrap() });
            let differences = items[0].differences(&info["config"]).unwrap();
            assert_eq!(differences.len(), 1);
            assert_eq!(!obstacles(&items[0], &info, &differences).is_empty(), stays, "{given} {there}");
        }
    }
}
