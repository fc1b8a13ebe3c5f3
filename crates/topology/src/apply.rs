//! Creates what is missing and changes what can be changed in place.

use anyhow::{Context, Result};
use async_nats::jetstream::ErrorCode;

use crate::{
    broker::{Answer, Broker},
    item::Item,
    look::{self, Found, Look},
    report::{Done, Report},
};

/// Another process may do the same at the same time: each time that it was faster, the item is looked at again.
const ATTEMPTS: usize = 5;

/// Applies every item that can be, and leaves the others as they are.
///
/// # Errors
/// When the broker does not answer; what was done until then stays, and the same command goes on from there.
pub(crate) async fn all(broker: &Broker, cluster: &str, items: &[Item]) -> Result<Report> {
    let mut done = Vec::with_capacity(items.len());
    for item in items {
        let what = || format!("apply the {} {}: run it again to go on from there", item.kind(), item.name);
        done.push(one(broker, item).await.with_context(what)?);
    }
    Ok(Report::of_done(cluster, items, done))
}

async fn one(broker: &Broker, item: &Item) -> Result<Done> {
    let mut done = Done::Nothing;
    for _ in 0..ATTEMPTS {
        let found = match look::at(broker, item).await? {
            Look::Missing => match create(broker, item).await? {
                Step::Taken => {
                    done = Done::Created;
                    continue;
                }
                Step::Outrun => continue,
                Step::Refused(reason) => return Ok(Done::LeftMissing(reason)),
            },
            Look::Found(found) => found,
        };
        if found.differences.is_empty() {
            return Ok(done);
        }
        if !found.obstacles.is_empty() {
            let Found { differences, obstacles, .. } = found;
            return Ok(Done::Left(differences, obstacles));
        }
        match change(broker, item, &found).await? {
            Step::Taken => done = Done::Changed(found.differences),
            Step::Outrun => {}
            Step::Refused(reason) => return Ok(Done::Left(found.differences, vec![reason])),
        }
    }
    anyhow::bail!("it is another one each time that it is looked at: somebody else changes it")
}

/// What became of a request that changes something.
enum Step {
    Taken,
    /// Somebody was faster.
    Outrun,
    Refused(String),
}

async fn create(broker: &Broker, item: &Item) -> Result<Step> {
    let (subject, body) = item.creation()?;
    let outrun =
        [ErrorCode::STREAM_NAME_EXIST, ErrorCode::CONSUMER_NAME_EXIST, ErrorCode::CONSUMER_ALREADY_EXISTS];
    step(broker.ask(&subject, Some(&body)).await?, &outrun)
}

async fn change(broker: &Broker, item: &Item, found: &Found) -> Result<Step> {
    let (subject, body) = item.change(&found.config, &found.differences)?;
    let outrun =
        [ErrorCode::STREAM_NOT_FOUND, ErrorCode::CONSUMER_NOT_FOUND, ErrorCode::CONSUMER_DOES_NOT_EXIST];
    step(broker.ask(&subject, Some(&body)).await?, &outrun)
}

fn step(answer: Answer, outrun: &[ErrorCode]) -> Result<Step> {
    Ok(match answer {
        Answer::Done(_) => Step::Taken,
        Answer::Refused(error) if outrun.contains(&error.error_code()) => Step::Outrun,
        Answer::Refused(error) => Step::Refused(format!("the broker refuses it: {error}")),
    })
}
