//! One episode, from the start of the servers to the verdicts.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use common::{clock, event::Id};
use judge::{Bounds, Facts, Quiescence, Verdict, streams::Stored};
use testkit::{paths, poll};

use crate::{
    faults, harms,
    options::Options,
    plan::Plan,
    timeline::{Entry, Happened, Timeline, What},
    workload,
    world::World,
};

/// Of so many orders and tickets the messages are shown.
const ABOUT: usize = 8;
/// How long everything has to be at rest: a loss that nobody has found yet looks like rest, and the checks come every two seconds.
const SETTLED: Duration = Duration::from_secs(3);

/// What became of an episode.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) plan: Plan,
    pub(crate) happened: Vec<Happened>,
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) entries: Vec<Entry>,
    /// The messages that name what is broken, and when each was stored.
    pub(crate) about: Vec<(i64, String)>,
    /// When the work began, in ms since the Unix epoch.
    pub(crate) begun_ms: i64,
    /// Where the logs and the record are, if something is broken.
    pub(crate) kept: Option<PathBuf>,
    pub(crate) orders: usize,
    /// From the begin of the work until it was judged.
    pub(crate) took: Duration,
    /// From the healing of the last fault until everything was at rest.
    pub(crate) rested: Duration,
}

impl Outcome {
    pub(crate) fn holds(&self) -> bool {
        self.verdicts.iter().all(Verdict::holds)
    }
}

/// Plays it, and leaves the world to the caller.
///
/// # Errors
/// When it can't be started or judged, which says nothing about the platform.
pub(crate) async fn play(plan: &Plan, options: &Options) -> Result<(Outcome, World)> {
    let directory = directory(plan);
    let _ = fs::remove_dir_all(&directory);
    let world = Box::pin(World::start(plan, &directory, options.programs.clone()))
        .await
        .context("start the platform")?;
    let played = Box::pin(perform(plan, options, &world, &directory)).await;
    let broken = played.as_ref().map_or(true, |outcome| !outcome.holds());
    if broken {
        world.keep_logs(&directory)?;
    } else {
        // Nobody looks at it.
        let _ = fs::remove_dir_all(&directory);
    }
    let mut outcome = played.with_context(|| format!("the logs are in {}", directory.display()))?;
    outcome.kept = broken.then_some(directory);
    Ok((outcome, world))
}

/// Where what is left of it lies.
fn directory(plan: &Plan) -> PathBuf {
    let faults = plan.numbers().iter().map(usize::to_string).collect::<Vec<_>>().join("-");
    paths::repository().join("target/chaos").join(format!("{}-{faults}", plan.seed))
}

async fn perform(plan: &Plan, options: &Options, world: &World, directory: &Path) -> Result<Outcome> {
    let timeline = Timeline::begin(plan.workload.bursts());
    let (begun, access) = (Instant::now(), world.access());
    let (running, ()) = tokio::join!(
        Box::pin(workload::run(&plan.workload, &access, timeline.begun())),
        Box::pin(faults::all(plan, world, &timeline)),
    );
    let running = running.context("begin the work")?;
    let unhealed = world.heal().await;
    timeline.tell(None, What::Note, "everything is healed");
    let healed = Instant::now();
    let rest = Quiescence::connect(&world.addresses()).await.context("look at the platform from outside")?;
    let (foreign, patience) = (running.record().foreign_orders(), Duration::from_secs(options.patience));
    let at_rest = until_rest(&rest, &foreign, patience).await;
    let state = if at_rest.is_some() { "is at rest" } else { "does not come to rest" };
    timeline.tell(None, What::Note, format!("everything {state}"));
    let rested = at_rest.map_or_else(|| healed.elapsed(), |since| since.duration_since(healed));
    let happened: Vec<Happened> = plan.injections.iter().map(|fault| timeline.happened(fault)).collect();
    let bounds = Bounds { harms: harms::of(&happened, clock::now_ms()), ..Bounds::default() };
    let record = running.finish().await;
    let mut facts = Facts::collect(&rest, record, bounds, &world.stripe().ledger()).await?;
    facts
        .unrest
        .extend(unhealed.iter().map(|what| format!("not ready after all faults were healed: {what}")));
    let verdicts = judge::check(&facts);
    if !verdicts.iter().all(Verdict::holds) {
        write(directory, "record.txt", &format!("{:#?}\n{:#?}", facts.bounds, facts.record))?;
    }
    Ok(Outcome {
        plan: plan.clone(),
        happened,
        entries: timeline.entries(),
        about: about(&facts, &verdicts),
        verdicts,
        begun_ms: timeline.begun_ms(),
        kept: None,
        orders: facts.rows.len(),
        took: begun.elapsed(),
        rested,
    })
}

/// Since when it is at rest, if it is in time. The messages about orders that are not ours are tried again for minutes before they
/// are given up: those may be in hand.
async fn until_rest(rest: &Quiescence, foreign: &[Id], limit: Duration) -> Option<Instant> {
    let mut since: Option<Instant> = None;
    let look = async || {
        let unrest = rest.unrest_but(foreign).await.unwrap_or_else(|error| vec![format!("{error:#}")]);
        if !unrest.is_empty() {
            since = None;
            return Err(unrest.join("; "));
        }
        let begun = *since.get_or_insert_with(Instant::now);
        if begun.elapsed() < SETTLED { Err("at rest for a moment".to_owned()) } else { Ok(begun) }
    };
    poll(limit, look).await.ok()
}

/// The messages that name what is broken.
fn about(facts: &Facts, verdicts: &[Verdict]) -> Vec<(i64, String)> {
    let broken: Vec<String> = verdicts.iter().flat_map(|verdict| verdict.broken.clone()).collect();
    let ids = broken_ids(&broken);
    let messages = ids.iter().take(ABOUT).flat_map(|id| facts.about(id));
    messages.map(|message| (message.at_ms, text_of(message))).collect()
}

/// What was overheard when it was published has no sequence.
fn text_of(message: &Stored) -> String {
    let body = String::from_utf8_lossy(&message.payload);
    match message.sequence {
        0 => format!("published {}: {body}", message.subject),
        sequence => format!("stored {} {sequence}: {body}", message.subject),
    }
}

/// The ids that these texts name.
fn broken_ids(texts: &[String]) -> BTreeSet<String> {
    let is_id = |word: &&str| word.len() == 24 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let words = texts.iter().flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric()));
    words.filter(is_id).map(str::to_owned).collect()
}

/// Writes a text beside the logs.
pub(crate) fn write(directory: &Path, name: &str, text: &str) -> Result<()> {
    let path = directory.join(name);
    fs::write(&path, text).with_context(|| format!("write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_broken_names_what_it_is_about() {
        let texts = ["order 692a9c5e0123456789abcdef has not ended: its status is created".to_owned()];
        assert_eq!(broken_ids(&texts).into_iter().collect::<Vec<_>>(), ["692a9c5e0123456789abcdef"]);
        assert!(broken_ids(&["3 events in the outbox".to_owned()]).is_empty());
    }
}
