//! Many episodes, one after the other or some at one time, and what comes of them.

use std::{process::ExitCode, sync::Mutex, sync::PoisonError, time::Instant};

use anyhow::{Result, bail};
use common::{Service, clock};
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use testkit::{paths, terminal::write};

use crate::{
    available,
    coverage::Coverage,
    episode::{self, Outcome},
    kind::Kind,
    options::Options,
    plan::Plan,
    report, shrink,
};

/// Finds the servers and builds the services, once for all episodes.
///
/// # Errors
/// When the options contradict each other, a server can't be found or fetched, or our binaries do not compile.
pub(crate) fn prepare(options: &Options) -> Result<()> {
    if options.keep && options.parallel > 1 {
        bail!("--keep leaves one platform running: without --parallel");
    }
    if options.plan {
        return Ok(());
    }
    testkit::provide()?;
    if options.programs.is_some() {
        return Ok(());
    }
    testkit::build(&Service::OURS.map(Service::as_str))
}

/// Plays all of them. The exit status is 0 if every invariant held in every episode, and 1 if one is broken, an episode could
/// not be played, or faults were planned and none was seen in force.
pub(crate) async fn run(options: &Options) -> Result<ExitCode> {
    let first = options.seed.unwrap_or_else(|| clock::now_ms().unsigned_abs());
    let plans = plans(options, first).take(options.most());
    if options.plan {
        plans.for_each(|plan| show(&plan));
        return Ok(ExitCode::SUCCESS);
    }
    let total = Total::new(options);
    let begin = Instant::now();
    let in_time = |_: &Plan| options.time().is_none_or(|time| begin.elapsed() < time);
    let kept = stream::iter(plans.take_while(in_time))
        .map(async |plan| one(&plan, options, &total).await)
        .buffer_unordered(usize::from(options.parallel))
        .filter_map(async |world| world)
        // Each takes the place of the one before it, which ends.
        .fold(None, async |_, world| Some(world))
        .await;
    let code = total.tell(options);
    if let Some(world) = kept {
        world.introduction().iter().for_each(|line| paths::say(line));
        paths::say("everything is left running until Ctrl-C");
        std::future::pending::<()>().await;
    }
    Ok(code)
}

fn plans(options: &Options, first: u64) -> impl Iterator<Item = Plan> + '_ {
    let kinds = options.kinds();
    let impossible = if options.plan { Vec::new() } else { impossible(&kinds) };
    (0..).map(move |turn| {
        let plan = Plan::new(first.wrapping_add(turn), &kinds).without(&impossible);
        if options.only.is_empty() { plan } else { plan.only(&options.only) }
    })
}

/// The kinds that this machine can't do; it says why.
fn impossible(kinds: &[Kind]) -> Vec<Kind> {
    let is_impossible = |kind: &Kind| {
        let missing = available::missing(*kind);
        if let Some(why) = &missing {
            paths::say(&format!("chaos: {kind} is not possible here: {why}"));
        }
        missing.is_some()
    };
    kinds.iter().copied().filter(is_impossible).collect()
}

fn show(plan: &Plan) {
    write(&format!("seed {}: {:?}; {}", plan.seed, plan.shape, plan.workload.summary()));
    for injection in &plan.injections {
        write(&format!("  {} {injection}, {}", injection.number, injection.cell.phase));
    }
}

/// Plays one and tells of it; the world of one that is to be kept.
async fn one(plan: &Plan, options: &Options, total: &Total) -> Option<crate::world::World> {
    match Box::pin(episode::play(plan, options)).await {
        Ok((outcome, world)) => {
            total.add(&outcome);
            tell(&outcome, options);
            if !outcome.holds() && options.shrink {
                Box::pin(smaller(&outcome, options)).await;
            }
            options.keep.then_some(world)
        }
        Err(error) => {
            total.failed();
            paths::say(&format!("chaos: seed {} could not be played: {error:#}", plan.seed));
            None
        }
    }
}

fn tell(outcome: &Outcome, options: &Options) {
    paths::say(&format!("chaos: {}", report::line(outcome)));
    if options.json {
        write(&report::as_json(outcome, options).to_string());
    }
    if outcome.holds() {
        return;
    }
    if let Some(directory) = &outcome.kept
        && let Err(error) =
            episode::write(directory, "report.txt", &report::failure(outcome, options, usize::MAX))
    {
        paths::say(&format!("chaos: {error:#}"));
    }
    paths::say(&report::failure(outcome, options, report::SHOWN));
}

/// Plays it with fewer faults, and tells which are enough.
async fn smaller(outcome: &Outcome, options: &Options) {
    let whole = &outcome.plan;
    let left = shrink::smallest(whole.numbers(), |numbers| {
        let plan = whole.only(&numbers);
        async move {
            let played = Box::pin(episode::play(&plan, options)).await;
            let fails = played.as_ref().is_ok_and(|(outcome, _)| !outcome.holds());
            paths::say(&format!(
                "chaos: with the faults {numbers:?} alone: {}",
                if fails { "BROKEN" } else { "ok" }
            ));
            fails
        }
    })
    .await;
    let plan = whole.only(&left);
    paths::say(&format!("chaos: these faults are enough: {}", report::again(&plan, options)));
}

/// What all episodes come to.
struct Total {
    begin: Instant,
    sums: Mutex<Sums>,
}

struct Sums {
    coverage: Coverage,
    episodes: usize,
    /// Faults of the plans that were played.
    planned: usize,
    orders: usize,
    broken: Vec<u64>,
    /// Episodes that could not be played or judged.
    failed: usize,
}

impl Total {
    fn new(options: &Options) -> Self {
        let coverage = Coverage::of(&options.kinds());
        let sums = Sums { coverage, episodes: 0, planned: 0, orders: 0, broken: Vec::new(), failed: 0 };
        Self { begin: Instant::now(), sums: Mutex::new(sums) }
    }

    fn add(&self, outcome: &Outcome) {
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        sums.coverage.add(&outcome.happened);
        sums.episodes += 1;
        sums.planned += outcome.plan.injections.len();
        sums.orders += outcome.orders;
        if !outcome.holds() {
            sums.broken.push(outcome.plan.seed);
        }
    }

    fn failed(&self) {
        self.sums.lock().unwrap_or_else(PoisonError::into_inner).failed += 1;
    }

    /// The table, and whether all is well.
    fn tell(&self, options: &Options) -> ExitCode {
        let sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = self.begin.elapsed().as_secs_f64();
        if options.json {
            write(
                &json!({
                    "event": "summary", "episodes": sums.episodes, "orders": sums.orders, "seconds": seconds,
                    "broken": sums.broken, "failed": sums.failed, "coverage": sums.coverage.as_json(),
                })
                .to_string(),
            );
        } else {
            write(&sums.coverage.table());
            write(&format!(
                "{} episodes with {} orders in {seconds:.0} s: {} broken {:?}, {} could not be played",
                sums.episodes,
                sums.orders,
                sums.broken.len(),
                sums.broken,
                sums.failed
            ));
        }
        let unseen = sums.unseen(options.every_kind);
        if let Some(unseen) = &unseen {
            paths::say(&format!("chaos: {unseen}"));
        }
        let well = sums.broken.is_empty() && sums.failed == 0 && sums.episodes > 0 && unseen.is_none();
        if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl Sums {
    /// Why it says nothing that every invariant held: what should have been broken was not.
    fn unseen(&self, every_kind: bool) -> Option<String> {
        if self.planned > 0 && self.coverage.in_force() == 0 {
            return Some(format!("none of {} planned faults was seen in force", self.planned));
        }
        let never: Vec<&str> = self.coverage.never().into_iter().map(Kind::name).collect();
        (every_kind && !never.is_empty()).then(|| format!("never seen in force: {}", never.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{phase::Phase, timeline::Happened};

    const KINDS: [Kind; 2] = [Kind::Kill, Kind::RedisWiped];

    /// After an episode in which one fault of each of these kinds was seen in force, and one more was planned.
    fn sums(seen: &[Kind]) -> Sums {
        let mut coverage = Coverage::of(&KINDS);
        for kind in seen {
            let plan = Plan::new(1, &[*kind]);
            let injection = plan.injections.into_iter().find(|fault| fault.kind() == *kind).unwrap();
            coverage.add(&[Happened {
                injection,
                asked_ms: Some(1),
                in_force: Some(Phase::Quiet),
                evidence: "it is gone".to_owned(),
                healed_ms: Some(2),
            }]);
        }
        Sums { coverage, episodes: 1, planned: seen.len() + 1, orders: 1, broken: Vec::new(), failed: 0 }
    }

    #[test]
    fn a_run_in_which_no_planned_fault_was_seen_is_not_well() {
        assert_eq!(sums(&[]).unseen(false).unwrap(), "none of 1 planned faults was seen in force");
        assert_eq!(sums(&[Kind::Kill]).unseen(false), None);
        assert_eq!(Sums { planned: 0, ..sums(&[]) }.unseen(false), None, "there was none to see");
    }

    #[test]
    fn where_every_kind_is_asked_for_one_that_was_never_seen_is_named() {
        assert_eq!(sums(&[Kind::Kill]).unseen(true).unwrap(), "never seen in force: redis-wiped");
        assert_eq!(sums(&KINDS).unseen(true), None);
    }
}
