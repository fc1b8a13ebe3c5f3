//! What a service looks like after all of it.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;

use testkit::ServiceProcess;

/// It is ready already; this is only to ask more than once.
const READY: Duration = Duration::from_secs(10);

/// It runs and is ready, and its log has neither a panic nor an error.
///
/// # Errors
/// With the lines of its log.
pub(super) async fn check(service: &ServiceProcess) -> Result<()> {
    service.ready(READY).await?;
    let log = service.log();
    let bad: Vec<&str> = log.lines().filter(|line| is_bad(line)).collect();
    ensure!(bad.is_empty(), "{} has written:\n{}", service.name(), bad.join("\n"));
    Ok(())
}

/// A panic writes plain text, everything else an object.
fn is_bad(line: &str) -> bool {
    let level = serde_json::from_str(line).map(|line: Value| line["level"] == "ERROR");
    line.contains("panicked at") || level.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_and_an_error_are_seen_and_a_warning_is_not() {
        assert!(is_bad("thread 'main' (1) panicked at src/lib.rs:1:1:"));
        assert!(is_bad(r#"{"level":"ERROR","fields":{"message":"a request failed"}}"#));
        assert!(!is_bad(r#"{"level":"WARN","fields":{"message":"ERROR"}}"#));
        assert!(!is_bad("note: run with `RUST_BACKTRACE=1`"));
    }
}
