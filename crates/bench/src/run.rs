//! The order of a run: rounds over workloads, each with its limits before and after its contenders.

use std::{process::ExitCode, time::Instant};

use anyhow::Result;
use testkit::paths;

use crate::{
    Arguments,
    contender::Contender,
    files, report, results,
    sample::{LIMIT, Sample},
    sizes::Sizes,
    text,
    workloads::{Case, Workload},
};

/// More than this between the limits before and after a round, and it is measured again.
const MOST_NOISE: f64 = 0.3;

/// Measures everything that was asked for, prints the table, writes the results.
pub(crate) async fn run(arguments: &Arguments) -> Result<ExitCode> {
    let begin = Instant::now();
    let plan = Plan::new(arguments)?;
    let mut missing = Vec::new();
    let mut contenders = Vec::new();
    for contender in &plan.contenders {
        match contender.prepare() {
            Ok(()) => contenders.push(*contender),
            Err(reason) => missing.push(format!("{} is missing: {reason}", contender.name())),
        }
    }
    let all = plan.steps(&contenders);
    let mut measured = Measured { done: 0, all, begin, samples: Vec::new(), missing, repeated: 0 };
    for round in 1..=plan.rounds {
        for workload in &plan.workloads {
            plan.measure(*workload, round, &contenders, &mut measured).await?;
        }
    }
    let run = results::Run::new(
        plan.rounds,
        &measured.samples,
        &measured.missing,
        measured.repeated,
        begin.elapsed(),
    );
    let whole = plan.whole && contenders.len() == Contender::ALL.len();
    if whole || arguments.save {
        files::write(&run)?;
    }
    if arguments.json {
        report::line(&serde_json::to_string(&run)?);
    } else {
        report::line(&report::table(&run));
    }
    Ok(ExitCode::SUCCESS)
}

/// What is measured, and how often.
pub(crate) struct Plan {
    pub(crate) sizes: Sizes,
    pub(crate) rounds: usize,
    pub(crate) workloads: Vec<Workload>,
    pub(crate) contenders: Vec<Contender>,
    /// Nothing was left out.
    pub(crate) whole: bool,
}

impl Plan {
    fn new(arguments: &Arguments) -> Result<Self> {
        let whole = !arguments.quick && arguments.workload.is_empty() && arguments.contender.is_empty();
        let before = arguments.before.as_deref().map(Contender::before).transpose()?;
        Ok(Self {
            sizes: if arguments.quick { Sizes::quick() } else { Sizes::full() },
            rounds: usize::from(arguments.rounds.unwrap_or(if arguments.quick { 1 } else { 3 })),
            workloads: if arguments.workload.is_empty() {
                Workload::ALL.to_vec()
            } else {
                arguments.workload.clone()
            },
            contenders: Contender::ALL
                .into_iter()
                .filter(|one| arguments.contender.is_empty() || arguments.contender.contains(one))
                .chain(before)
                .collect(),
            whole,
        })
    }

    fn steps(&self, contenders: &[Contender]) -> usize {
        let of = |workload: &Workload| {
            let suited = contenders.iter().filter(|contender| workload.suits(**contender)).count();
            2 * workload.limits(&self.sizes).len() + suited * workload.cases(&self.sizes).len()
        };
        self.rounds * self.workloads.iter().map(of).sum::<usize>()
    }

    /// One round of a workload. Where the servers' own rates before and after it differ by too much, somebody else
    /// used the machine: it is measured once more.
    async fn measure(
        &self,
        workload: Workload,
        round: usize,
        contenders: &[Contender],
        measured: &mut Measured,
    ) -> Result<()> {
        let (begin, missing) = (measured.samples.len(), measured.missing.len());
        self.measure_once(workload, round, contenders, measured).await?;
        let difference = limits_differ(&measured.samples[begin..]);
        if difference > MOST_NOISE {
            let percent = difference * 100.0;
            paths::say(&format!("the limits before and after differ by {percent:.0} %: measured once more"));
            measured.samples.truncate(begin);
            measured.missing.truncate(missing);
            measured.repeated += 1;
            self.measure_once(workload, round, contenders, measured).await?;
        }
        Ok(())
    }

    async fn measure_once(
        &self,
        workload: Workload,
        round: usize,
        contenders: &[Contender],
        measured: &mut Measured,
    ) -> Result<()> {
        let limits = workload.limits(&self.sizes);
        for case in &limits {
            measured.step(workload, *case, None, round).await?;
        }
        for case in workload.cases(&self.sizes) {
            let mut suited: Vec<Contender> =
                contenders.iter().copied().filter(|contender| workload.suits(*contender)).collect();
            // So that nobody is always the one who comes first.
            if round.is_multiple_of(2) {
                suited.reverse();
            }
            for contender in suited {
                measured.step(workload, case, Some(contender), round).await?;
            }
        }
        for case in &limits {
            measured.step(workload, *case, None, round).await?;
        }
        Ok(())
    }
}

/// By which share of the larger one the broker's rates before and after a round differ; 0 where there are none.
fn limits_differ(samples: &[Sample]) -> f64 {
    let limits: Vec<&Sample> = samples.iter().filter(|sample| sample.contender == LIMIT).collect();
    let (Some(first), Some(rate)) = (limits.first(), limits.first().and_then(|first| first.rate())) else {
        return 0.0;
    };
    let last = limits.iter().rev().find(|sample| sample.case == first.case).and_then(|last| last.rate());
    let last = last.unwrap_or(rate);
    (rate - last).abs() / rate.max(last)
}

/// What is measured so far, which a person is told as it goes.
struct Measured {
    done: usize,
    all: usize,
    begin: Instant,
    samples: Vec<Sample>,
    /// What there is no figure of, and why.
    missing: Vec<String>,
    /// Rounds that were measured once more.
    repeated: usize,
}

impl Measured {
    /// One measurement. A peer that fails is noted and the run goes on; where we fail, or a server, nothing else is
    /// worth measuring.
    async fn step(
        &mut self,
        workload: Workload,
        case: Case,
        contender: Option<Contender>,
        round: usize,
    ) -> Result<()> {
        let name = contender.map_or(LIMIT, Contender::name);
        let what = format!("{} of {name}, {}, round {round}", workload.name(), case.label());
        let outcome = case.measure(contender.unwrap_or(Contender::Fleet)).await;
        self.done += 1;
        let shown = match outcome {
            Ok(figures) => {
                let shown = text::figures(&figures.figures);
                self.samples.push(Sample {
                    workload: workload.name(),
                    case: case.label(),
                    contender: name,
                    round,
                    figures: figures.figures,
                    lateness: figures.lateness,
                });
                shown
            }
            Err(error) if contender.is_some_and(|contender| contender != Contender::Fleet) => {
                let failed = format!("no figure: {error:#}");
                self.missing.push(format!("{what}: {failed}"));
                failed
            }
            Err(error) => return Err(error.context(what)),
        };
        let (done, all, seconds) = (self.done, self.all, self.begin.elapsed().as_secs());
        paths::say(&format!("{done}/{all} {seconds:>4} s  {what}: {shown}"));
        Ok(())
    }
}
