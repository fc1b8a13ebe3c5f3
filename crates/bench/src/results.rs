//! The result of a run, as `bench/results/*.json` has it.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use crate::{sample::Sample, stats};

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
        rounds: usize,
        samples: &[Sample],
        missing: &[String],
        repeated: usize,
        took: Duration,
    ) -> Self {
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            rounds,
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
