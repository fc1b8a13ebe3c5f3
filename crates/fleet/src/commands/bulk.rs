//! Acts on many: count, confirm with that count, watch, and stop it on Ctrl-C.

use std::{pin::pin, time::Duration};

use common::operator::{Operation, OperationAction, OperationPlan, OperationState};

use super::{
    operation::{self, deed, thing},
    patience::Patience,
};
use crate::{
    cli::Confirmation,
    client::{Answer, Client},
    exit::{Exit, Failure},
    out::Out,
    shown::{count, plain, some},
    style::Style,
};

/// Between two looks at an operation that runs.
const LOOK: Duration = Duration::from_millis(250);

/// Counts, and does it if it is confirmed.
pub(super) async fn run(
    client: &Client,
    out: &Out,
    plan: &OperationPlan,
    confirmation: Confirmation,
) -> Result<Exit, Failure> {
    let planned = client.plan_operation(plan).await?;
    match confirmation.confirmed() {
        None => {
            out.answer(&planned.body, |style| counted(&planned.value, style));
            Ok(Exit::Done)
        }
        Some(count) => confirm(client, out, &planned.value.id, count).await,
    }
}

/// Begins one that is planned and watches it until it ends.
pub(super) async fn confirm(client: &Client, out: &Out, id: &str, count: u64) -> Result<Exit, Failure> {
    let begun = client.confirm_operation(id, count).await?;
    let ended = watch(client, out, begun).await?;
    out.answer(&ended.body, |style| operation::text(&ended.value, ended.now_ms, style));
    Ok(match ended.value.state {
        OperationState::Done if ended.value.failed == 0 => Exit::Done,
        OperationState::Failed => Exit::Away,
        OperationState::Aborted if ended.is_interrupted => Exit::Interrupted,
        _ => Exit::Failed,
    })
}

/// An operation that runs no more.
struct Ended {
    body: String,
    value: Operation,
    now_ms: i64,
    is_interrupted: bool,
}

/// Shows how far it is, and aborts it on the first Ctrl-C.
async fn watch(client: &Client, out: &Out, mut seen: Answer<Operation>) -> Result<Ended, Failure> {
    let mut interrupt = pin!(tokio::signal::ctrl_c());
    let (mut is_interrupted, mut patience) =
        (false, Patience::new("the operation goes on there without this"));
    loop {
        let has_ended = !matches!(seen.value.state, OperationState::Running | OperationState::Planned);
        out.progress(&progress(&seen.value), has_ended);
        if has_ended {
            let Answer { body, value, now_ms } = seen;
            return Ok(Ended { body, value, now_ms, is_interrupted });
        }
        tokio::select! {
            _ = &mut interrupt, if !is_interrupted => {
                is_interrupted = true;
                seen = client.abort_operation(&seen.value.id).await?;
            }
            () = tokio::time::sleep(LOOK) => match client.get_operation(&seen.value.id).await {
                Ok(answer) => {
                    patience.answered();
                    seen = answer;
                }
                Err(failure) => patience.lost(failure, out)?,
            },
        }
    }
}

fn progress(operation: &Operation) -> String {
    let Operation { count: all, done, skipped, failed, .. } = operation;
    let gone = done + skipped + failed;
    let share = (gone * 100).checked_div(*all).unwrap_or(100);
    let rest = match (skipped, failed) {
        (0, 0) => String::new(),
        _ => format!(" ({} had nothing to do, {} failed)", count(*skipped), count(*failed)),
    };
    format!("{share:>3} %  {} of {}{rest}", count(gone), count(*all))
}

/// How many it would be, which, and how to go on.
fn counted(operation: &Operation, style: Style) -> String {
    let what = deed(operation.action);
    let thing = thing(operation.action);
    if operation.count == 0 {
        return format!("no {thing} matches, so there is nothing to {what}");
    }
    let samples: Vec<String> =
        operation.samples.iter().map(|sample| format!("  {}", plain(sample))).collect();
    // Of a whole service's events the one sample says which.
    let is_whole = operation.action == OperationAction::RetellEvents;
    let more = if is_whole { 0 } else { operation.count.saturating_sub(samples.len() as u64) };
    let exactly = if is_whole { "what has changed since exactly then" } else { "exactly these" };
    let mut lines = vec![style.bold(&format!("would {what} {}", some(operation.count, thing)))];
    lines.extend(samples);
    if more > 0 {
        lines.push(format!("  and {} more", count(more)));
    }
    lines.extend([
        "nothing is done yet. Either of these does it:".to_owned(),
        format!("  the same command with --yes --count {}", operation.count),
        format!(
            "  fleet operations confirm {} --count {}   ({exactly}, within ten minutes)",
            operation.id, operation.count
        ),
    ]);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn operation(count: u64, samples: &[&str], done: u64, failed: u64) -> Operation {
        serde_json::from_value(json!({ "id": "op-1", "action": "cancelTimers", "state": "planned", "by": "eve",
            "plannedAt": "2026-01-31T12:00:00.000Z", "count": count, "samples": samples, "done": done, "skipped": 0,
            "failed": failed, "failures": [] }))
        .unwrap()
    }

    #[test]
    fn a_count_names_samples_and_how_to_go_on() {
        let text = counted(&operation(1_200, &["o-1", "o-2"], 0, 0), Style::default());
        assert!(text.starts_with("would cancel 1,200 timers\n  o-1\n  o-2\n  and 1,198 more\n"), "{text}");
        assert!(text.contains("--yes --count 1200") && text.contains("confirm op-1 --count 1200"), "{text}");
        assert!(counted(&operation(0, &[], 0, 0), Style::default()).contains("nothing to cancel"));
        let whole = Operation {
            action: OperationAction::RetellEvents,
            ..operation(1_200, &["orders since then"], 0, 0)
        };
        let text = counted(&whole, Style::default());
        assert!(
            text.starts_with("would tell again 1,200 events\n  orders since then\nnothing is done"),
            "{text}"
        );
    }

    #[test]
    fn progress_is_a_share_of_what_was_counted() {
        assert_eq!(progress(&operation(1_200, &[], 300, 0)), " 25 %  300 of 1,200");
        assert_eq!(progress(&operation(4, &[], 3, 1)), "100 %  4 of 4 (0 had nothing to do, 1 failed)");
        assert_eq!(progress(&operation(0, &[], 0, 0)), "100 %  0 of 0");
    }
}
