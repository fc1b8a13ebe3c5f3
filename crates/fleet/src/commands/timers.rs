//! `fleet timers …`

use common::{
    internal::{TimerPage, TimerState},
    operator::{Act, ActAnswer, MoveAct, OperationAction, OperationPlan, TimerFilter},
};

use super::{bulk, input};
use crate::{
    bars,
    cli::{TimerSelection, TimersCommand},
    client::{Answer, Client},
    exit::{Exit, Failure},
    out::Out,
    shown::{absolute, instant, plain, relative},
    style::Style,
    table::Table,
};

/// Lists, or acts on one or on many.
pub(crate) async fn run(client: &Client, out: &Out, command: TimersCommand) -> Result<Exit, Failure> {
    match command {
        TimersCommand::List(list) => {
            let page = client.list_timers(&list).await?;
            out.answer(&page.body, |style| page_text(&page.value, page.now_ms, style));
        }
        TimersCommand::Due => {
            let forecast = client.forecast_timers().await?;
            out.answer(&forecast.body, |style| bars::forecast(&forecast.value, style));
        }
        TimersCommand::Fire(args) => {
            let Some(id) = &args.which.id else {
                let plan = plan(OperationAction::FireTimers, &args.which, args.note)?;
                return bulk::run(client, out, &plan, args.confirmation).await;
            };
            say(out, &client.fire_timer(id, &Act { note: args.note }).await?);
        }
        TimersCommand::Move(args) => {
            let to = args.to.map(crate::when::When::next);
            let by_ms = args.by.map(|span| span.0);
            let Some(id) = &args.which.id else {
                let plan = plan(OperationAction::MoveTimers, &args.which, args.note)?;
                let plan = OperationPlan { to, by_ms, ..plan };
                return bulk::run(client, out, &plan, args.confirmation).await;
            };
            say(out, &client.move_timer(id, &MoveAct { to, by_ms, note: args.note }).await?);
        }
        TimersCommand::Cancel(args) => {
            let Some(id) = &args.which.id else {
                let plan = plan(OperationAction::CancelTimers, &args.which, args.note)?;
                return bulk::run(client, out, &plan, args.confirmation).await;
            };
            say(out, &client.cancel_timer(id, &Act { note: args.note }).await?);
        }
    }
    Ok(Exit::Done)
}

fn plan(
    action: OperationAction,
    which: &TimerSelection,
    note: Option<String>,
) -> Result<OperationPlan, Failure> {
    let filter = TimerFilter {
        due_from: which.due_from.map(crate::when::When::today),
        due_to: which.due_to.map(crate::when::When::today),
        ids: which.ids_from.as_deref().map(input::ids).transpose()?,
    };
    let timers = Some(filter);
    Ok(OperationPlan { action, timers, dead_letters: None, retell: None, to: None, by_ms: None, note })
}

fn say(out: &Out, answer: &Answer<ActAnswer>) {
    out.answer(&answer.body, |_| act_text(&answer.value, answer.now_ms));
}

/// What was done, and from when to when.
pub(super) fn act_text(answer: &ActAnswer, now_ms: i64) -> String {
    let mut text = format!("{}: {}", answer.id, plain(&answer.message));
    match (answer.before, answer.after) {
        (Some(before), Some(after)) => {
            text.push_str(&format!("\nwas due {}; is due {}", absolute(before), instant(after, now_ms)));
        }
        (Some(before), None) => text.push_str(&format!("\nwas due {}", instant(before, now_ms))),
        (None, Some(after)) => text.push_str(&format!("\nis due {}", instant(after, now_ms))),
        (None, None) => {}
    }
    text
}

/// As a word.
pub(super) const fn state(state: TimerState) -> &'static str {
    match state {
        TimerState::Pending => "pending",
        TimerState::Due => "due",
        TimerState::Claimed => "claimed",
    }
}

fn page_text(page: &TimerPage, now_ms: i64, style: Style) -> String {
    if page.timers.is_empty() {
        return "no timer".to_owned();
    }
    let mut table = Table::new(&["order", "due", "", "state", "claimed by"]);
    for timer in &page.timers {
        let by = timer.claim.as_ref().map(|claim| claim.by.as_deref().unwrap_or("an older release"));
        table.row([
            timer.id.to_string(),
            absolute(timer.due_at),
            relative(timer.due_at, now_ms),
            state(timer.state).to_owned(),
            by.unwrap_or_default().to_owned(),
        ]);
    }
    let mut text = table.text(style);
    if let Some(next) = &page.next {
        text.push_str(&format!("\n{}", style.quiet(&format!("more: --after '{}'", plain(next)))));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn timers_are_listed_with_when_and_by_whom() {
        let page = serde_json::from_value(json!({
            "timers": [
                { "id": "o-1", "dueAt": "2026-01-31T12:00:10.000Z", "state": "pending" },
                { "id": "o-2", "dueAt": "2026-01-31T11:59:00.000Z", "state": "claimed",
                  "claim": { "by": "expiration-0", "until": "2026-01-31T12:00:05.000Z" } },
            ],
            "next": "1-o-2",
        }));
        let now = "2026-01-31T12:00:00.000Z".parse::<common::event::Timestamp>().unwrap();
        let text = page_text(&page.unwrap(), now.as_millis(), Style::default());
        assert_eq!(
            text,
            "order  due                            state    claimed by\n\
             o-1    2026-01-31 12:00:10Z  in 10 s  pending\n\
             o-2    2026-01-31 11:59:00Z  1m ago   claimed  expiration-0\n\
             more: --after '1-o-2'"
        );
        assert_eq!(page_text(&TimerPage::default(), 0, Style::default()), "no timer");
    }
}
