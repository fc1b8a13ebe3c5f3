//! The files of a run: `bench/results/*.json`, and the pictures.

use std::fs;

use anyhow::{Context, Result};
use testkit::paths;

use crate::{picture, results::Run};

/// Writes one file for each workload, and the pictures.
pub(crate) fn write(run: &Run) -> Result<()> {
    let directory = paths::repository().join("bench").join("results");
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
    paths::say(&format!("results are in {}", directory.display()));
    Ok(())
}
