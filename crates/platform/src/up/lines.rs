//! The logs of all services on one stdout.

use serde_json::{Map, Value, json};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::LogLine;
use testkit::terminal;

/// Of ECMA-48 SGR: those that can be told apart and read on both a dark and a light background.
const COLOURS: [&str; 6] = ["36", "33", "35", "32", "34", "31"];

/// Prints every line with the name of the process that wrote it, until all of them have ended.
pub(super) async fn print(mut lines: UnboundedReceiver<LogLine>, json: bool, colour: bool) {
    let mut known: Vec<String> = Vec::new();
    while let Some(LogLine { process, line }) = lines.recv().await {
        if json {
            terminal::write(&as_json(&process, &line));
            continue;
        }
        let place = known.iter().position(|name| *name == process).unwrap_or_else(|| {
            known.push(process.clone());
            known.len() - 1
        });
        let label = terminal::paint(&format!("{process:<13}│"), COLOURS[place % COLOURS.len()], colour);
        terminal::write(&format!("{label} {line}"));
    }
}

/// The line with `process` as its first field; one that is no JSON object, such as a panic's, as a `message`.
fn as_json(process: &str, line: &str) -> String {
    let Ok(fields) = serde_json::from_str::<Map<String, Value>>(line) else {
        return json!({ "process": process, "message": line }).to_string();
    };
    // The rest as it was written, in its own order.
    let rest = line.trim_start().trim_start_matches('{');
    let comma = if fields.is_empty() { "" } else { "," };
    format!("{{\"process\":{}{comma}{rest}", json!(process))
}

#[cfg(test)]
mod tests {
    use super::as_json;

    #[test]
    fn the_process_is_named_first_and_the_rest_stays_as_it_was() {
        let line = as_json("orders-1", r#"{"level":"INFO","b":{"a":1}}"#);
        assert_eq!(line, r#"{"process":"orders-1","level":"INFO","b":{"a":1}}"#);
        assert_eq!(as_json("auth-1", "{}"), r#"{"process":"auth-1"}"#);
    }

    #[test]
    fn a_line_that_is_no_log_is_a_message() {
        assert_eq!(as_json("auth-1", "it \"broke\""), r#"{"message":"it \"broke\"","process":"auth-1"}"#);
    }
}
