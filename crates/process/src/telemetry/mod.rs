//! Logs and metrics.

mod json;
mod logs;
mod metrics;
mod panics;

pub use metrics::{Metrics, begin_at_zero, begin_each_at_zero};

use super::config::LogSettings;

/// Sends logs to stdout, panics to the logs, and metrics to the returned registry. Called once, by
/// [`crate::run()`]; `service` is part of every JSON line and of `build_info`.
pub fn init(service: &'static str, settings: &LogSettings) -> Metrics {
    logs::init(service, settings);
    panics::log_them();
    let metrics = Metrics::install();
    metrics.describe_process(service);
    metrics
}
