//! The result of one measurement.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::stats;

/// What a limit is called where a contender's name would stand.
pub(crate) const LIMIT: &str = "limit";

/// Shares of the events at which a distribution is written down.
const SHARES: [f64; 12] = [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 1.0];

/// One measurement of one contender.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sample {
    pub(crate) workload: &'static str,
    /// Such as `100,000` or `500/s`.
    pub(crate) case: String,
    pub(crate) contender: &'static str,
    pub(crate) round: usize,
    /// Name with unit, such as `per_second` or `p99_ms`, and value.
    pub(crate) figures: BTreeMap<&'static str, f64>,
    /// Share of events, and the lateness in ms that it does not exceed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) lateness: Vec<(f64, f64)>,
}

impl Sample {
    /// Jobs a second, where that is what was measured.
    pub(crate) fn rate(&self) -> Option<f64> {
        self.figures.get("per_second").copied()
    }
}

/// The figures of a measurement in the making.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) figures: BTreeMap<&'static str, f64>,
    pub(crate) lateness: Vec<(f64, f64)>,
}

impl Figures {
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: f64) -> Self {
        self.figures.insert(name, value);
        self
    }

    /// The quantiles of a sorted lateness, and its whole distribution.
    #[must_use]
    pub(crate) fn with_lateness(mut self, sorted_ms: &[f64]) -> Self {
        for (name, share) in [("p50_ms", 0.5), ("p99_ms", 0.99), ("p999_ms", 0.999), ("max_ms", 1.0)] {
            self.figures.insert(name, stats::quantile(sorted_ms, share));
        }
        self.lateness = SHARES.map(|share| (share, stats::quantile(sorted_ms, share))).to_vec();
        self
    }
}
