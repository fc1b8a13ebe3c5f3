//! Where log lines go: stdout, which is what a container runtime collects.

use std::{fmt, io::IsTerminal};

use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer,
    fmt::{format::JsonFields, format::Writer, time::FormatTime},
    layer::SubscriberExt,
    registry::LookupSpan,
};

use super::json::FlatJson;
use crate::{config::LogFormat, config::LogSettings};
use common::clock;

pub(super) fn init(service: &'static str, settings: &LogSettings) {
    let layer = match settings.format {
        LogFormat::Text => text(),
        LogFormat::Json => json(service),
    };
    let filter = EnvFilter::new(&settings.filter);
    let subscriber = tracing_subscriber::registry().with(filter).with(layer);
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::warn!("the logs have been set up before; the new settings are not used");
    }
}

// A write error is not reported: the report would go to stderr, and a closed stderr turns it into a panic.

fn text<S: Subscriber + for<'a> LookupSpan<'a>>() -> Box<dyn Layer<S> + Send + Sync> {
    let layer = tracing_subscriber::fmt::layer().with_timer(UtcMillis).log_internal_errors(false);
    // Asked for explicitly, it may go to a file. On a terminal the crate's own default honours NO_COLOR.
    if std::io::stdout().is_terminal() { layer.boxed() } else { layer.with_ansi(false).boxed() }
}

fn json<S: Subscriber + for<'a> LookupSpan<'a>>(service: &'static str) -> Box<dyn Layer<S> + Send + Sync> {
    tracing_subscriber::fmt::layer()
        .fmt_fields(JsonFields::new())
        .event_format(FlatJson { service })
        .with_ansi(false)
        .log_internal_errors(false)
        .boxed()
}

struct UtcMillis;

impl FormatTime for UtcMillis {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        w.write_str(&clock::now_rfc3339())
    }
}
