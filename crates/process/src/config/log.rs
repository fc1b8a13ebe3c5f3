//! How the process writes its logs.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use super::Environment;

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people: one coloured line an event.
    Text,
    /// For machines: one flat JSON object an event.
    Json,
}

/// How the process writes its logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// `LOG_FORMAT`: text on a terminal, else JSON.
    pub format: LogFormat,
    /// `RUST_LOG`: which events are written, in the syntax of `tracing_subscriber::EnvFilter`; known to be valid.
    pub filter: String,
}

/// The NATS client tells of each attempt to reconnect; the connection's own code tells of each change.
const DEFAULT_FILTER: &str = "info,async_nats=warn";

impl LogSettings {
    /// Reads `LOG_FORMAT` and `RUST_LOG`. Called by `CommonSettings::read`.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let default = if std::io::stdout().is_terminal() { "text" } else { "json" };
        let format = env.or(
            "LOG_FORMAT",
            "`text` or `json`; on a terminal the default is `text`",
            default,
            parse_format,
        );
        let filter = env.or(
            "RUST_LOG",
            "which log lines are written, as `tracing` filters them",
            DEFAULT_FILTER,
            parse_filter,
        );
        Some(Self { format: format?, filter: filter? })
    }
}

fn parse_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("`{text}` is not a log format; expected text or json")),
    }
}

fn parse_filter(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!(
            "`{text}` is not a log filter ({error}); expected directives such as info,orders=debug"
        )),
    }
}
