//! The process's metrics, in the Prometheus text format.

use std::{sync::OnceLock, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use common::clock;

/// Bounds of every histogram whose name ends in `_seconds`: from half a millisecond (a good lateness is 2 ms) to a
/// minute (an outage).
const SECONDS: [f64; 17] =
    [0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Bounds of every other histogram, which counts things: batches have at most some hundreds.
const COUNTS: [f64; 11] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 5000.0];

/// Between two scrapes a histogram keeps every sample: without a scraper they would pile up for ever.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// The metrics of this process. Clones are handles of the same registry.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

static INSTALLED: OnceLock<Metrics> = OnceLock::new();

impl Metrics {
    /// Makes this registry the target of the `metrics` macros. Later calls answer with the same one.
    pub fn install() -> Self {
        let install = || {
            let recorder = recorder();
            let metrics = Self(recorder.handle());
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::error!("metrics go to another recorder than /metrics shows");
            }
            metrics
        };
        INSTALLED.get_or_init(install).clone()
    }

    /// Everything measured so far, in the Prometheus text format 0.0.4.
    pub fn render(&self) -> String {
        self.0.run_upkeep();
        self.0.render()
    }

    /// Bounds the memory of histograms that nobody scrapes. Ends with the runtime.
    pub(crate) fn spawn_upkeep(&self) {
        let handle = self.0.clone();
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(UPKEEP_EVERY);
            loop {
                ticks.tick().await;
                handle.run_upkeep();
            }
        });
    }

    /// Which build of which service this is, and since when it runs.
    pub(super) fn describe_process(&self, service: &'static str) {
        metrics::describe_gauge!("build_info", "Always 1; the labels tell which build this is.");
        metrics::gauge!("build_info", "service" => service, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        metrics::describe_gauge!("process_start_time_seconds", "Start of the process, in Unix time.");
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit into 53 bits")]
        metrics::gauge!("process_start_time_seconds").set(clock::now_ms() as f64 / 1_000.0);
        metrics::describe_gauge!("dependency_ready", "1 if the dependency works, else 0.");
    }
}

/// Begins a counter at 0: `increase()` of a series that appears with 1 is 0, and the first failure would raise no alert.
/// Called by whoever counts, when it is made.
pub fn begin_at_zero(name: &'static str) {
    metrics::counter!(name).increment(0);
}

/// The same for each value of a counter's label.
pub fn begin_each_at_zero(name: &'static str, label: &'static str, values: &[&'static str]) {
    for value in values {
        metrics::counter!(name, label => *value).increment(0);
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

#[expect(clippy::expect_used, reason = "only an empty list of bounds is refused, and these are constants")]
fn recorder() -> PrometheusRecorder {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(|builder| builder.set_buckets(&COUNTS))
        .expect("bounds are not empty")
        .build_recorder()
}
