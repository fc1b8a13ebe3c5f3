//! What a run came to, as `bench/results/*.json` has it.

use std::{collections::BTreeMap, fs, time::Duration};

use anyhow::{Context, Result};
use serde::Serialize;
use testkit::layout;

use crate::{picture, run::Plan, sample::Sample, stats};

/// A whole run.
#[derive(Debug, Serialize)]
pub(crate) struct Run {
    pub(crate) cores: usize,
    pub(crate) rounds: usize,
    /// Rounds of a workload that were measured once more, because the limits before and after them differed.
    pub(crate) repeated: usize,
    pub(crate) took_seconds: u64,
    /// What there is no figure of, and why.
    pub(crate) missing: Vec<String>,
    pub(crate) medians: Vec<Row>,
    pub(crate) samples: Vec<Sample>,
}

/// The medians of one case of one contender.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) workload: &'static str,
    pub(crate) case: String,
    pub(crate) contender: &'static str,
    pub(crate) figures: BTreeMap<&'static str, f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) lateness: Vec<(f64, f64)>,
}

impl Run {
    pub(crate) fn new(
        plan: &Plan,
        samples: &[Sample],
        missing: &[String],
        repeated: usize,
        took: Duration,
    ) -> Self {
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            rounds: plan.rounds,
            repeated,
            took_seconds: took.as_secs(),
            missing: missing.to_vec(),
            medians: medians(samples),
            samples: samples.to_vec(),
        }
    }
}

/// One row for each case and contender, in the order in which they were measured.
fn medians(samples: &[Sample]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for sample in samples {
        let same = |row: &Row| {
            (row.workload, &row.case, row.contender) == (sample.workload, &sample.case, sample.contender)
        };
        if rows.iter().any(same) {
            continue;
        }
        let all: Vec<&Sample> = samples
            .iter()
            .filter(|other| {
                (other.workload, &other.case, other.contender)
                    == (sample.workload, &sample.case, sample.contender)
            })
            .collect();
        let figure = |name: &'static str| {
            let values: Vec<f64> =
                all.iter().filter_map(|sample| sample.figures.get(name).copied()).collect();
            (name, stats::median(&values))
        };
        let lateness = sample.lateness.iter().enumerate().map(|(index, (share, _))| {
            let values: Vec<f64> =
                all.iter().filter_map(|sample| Some(sample.lateness.get(index)?.1)).collect();
            (*share, stats::median(&values))
        });
        rows.push(Row {
            workload: sample.workload,
            case: sample.case.clone(),
            contender: sample.contender,
            figures: sample.figures.keys().copied().map(figure).collect(),
            lateness: lateness.collect(),
        });
    }
    rows
}

/// Writes one file for each workload, and the pictures.
pub(crate) fn write(run: &Run) -> Result<()> {
    let directory = layout::repository().join("bench").join("results");
    fs::create_dir_all(&directory).with_context(|| format!("make {}", directory.display()))?;
    let mut workloads: Vec<&str> = run.medians.iter().map(|row| row.workload).collect();
    workloads.dedup();
    for workload in workloads {
        let part = Run {
            missing: run.missing.clone(),
            medians: run.medians.iter().filter(|row| row.workload == workload).cloned().collect(),
            samples: run.samples.iter().filter(|sample| sample.workload == workload).cloned().collect(),
            ..*run
        };
        let path = directory.join(format!("{workload}.json"));
        let text = serde_json::to_string_pretty(&part).context("write JSON")?;
        fs::write(&path, text + "\n").with_context(|| format!("write {}", path.display()))?;
    }
    for (name, svg) in [("lateness", picture::lateness(run)), ("growth", picture::growth(run))] {
        let path = directory.join(format!("{name}.svg"));
        if let Some(svg) = svg {
            fs::write(&path, svg).with_context(|| format!("write {}", path.display()))?;
        }
    }
    layout::say(&format!("results are in {}", directory.display()));
    Ok(())
}
