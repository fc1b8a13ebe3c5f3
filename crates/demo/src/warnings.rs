//! What the services complain of: their logs go to files, but a warning belongs to the story.

use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use super::{moment::Moment, narrator::Narrator, text::Tone};
use platform::LogLine;

/// Tells each warning and error among the lines of log.
pub(super) async fn tell(mut lines: UnboundedReceiver<LogLine>, narrator: Narrator) {
    while let Some(LogLine { process, line }) = lines.recv().await {
        if let Some(complaint) = complaint(&line) {
            narrator.tell(Moment::now("log", format!("{process}: {complaint}"), Tone::Quiet));
        }
    }
}

/// The message of a line at level WARN or ERROR; a line that is no log, such as a panic's, whole.
fn complaint(line: &str) -> Option<String> {
    let Ok(log) = serde_json::from_str::<Value>(line) else {
        return (!line.trim().is_empty()).then(|| line.trim().to_owned());
    };
    let (level, message) = (log["level"].as_str()?, log["message"].as_str().unwrap_or(line));
    // The dead letter itself is told.
    let told = message.starts_with("gave up message");
    (matches!(level, "WARN" | "ERROR") && !told).then(|| format!("{level} {message}"))
}

#[cfg(test)]
mod tests {
    use super::complaint;

    #[test]
    fn only_warnings_errors_and_what_is_no_log_are_told() {
        assert_eq!(complaint(r#"{"level":"INFO","message":"ready"}"#), None);
        assert_eq!(complaint(r#"{"level":"ERROR","message":"gave up message 1"}"#), None);
        assert_eq!(complaint(r#"{"level":"WARN","message":"slow"}"#).unwrap(), "WARN slow");
        assert_eq!(complaint("thread 'main' panicked").unwrap(), "thread 'main' panicked");
        assert_eq!(complaint(" "), None);
    }
}
