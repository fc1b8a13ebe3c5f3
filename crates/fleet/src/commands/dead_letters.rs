//! `fleet dead-letters …`

use common::operator::{
    DeadLetterBrief, DeadLetterFilter, DeadLetterGroups, DeadLetterPage, Discard, OperationAction,
    OperationPlan, Replay, Replayed,
};

use super::{bulk, edit::Editor, input, letter};
use crate::{
    cli::{DeadLettersCommand, LetterFilter, ReplayArgs},
    client::{Answer, Client},
    exit::{Exit, Failure},
    out::Out,
    shown::{count, plain, relative, some},
    style::Style,
    table::Table,
};

/// Lists, or acts on one or on many.
pub(crate) async fn run(
    client: &Client,
    out: &Out,
    editor: &Editor,
    command: DeadLettersCommand,
) -> Result<Exit, Failure> {
    match command {
        DeadLettersCommand::Groups => {
            let groups = client.list_dead_letter_groups().await?;
            out.answer(&groups.body, |style| group_text(&groups.value, groups.now_ms, style));
        }
        DeadLettersCommand::List(list) => {
            let page = client.list_dead_letters(&list).await?;
            out.answer(&page.body, |style| page_text(&page.value, page.now_ms, style));
        }
        DeadLettersCommand::Show { sequence } => {
            let shown = client.get_dead_letter(sequence).await?;
            out.answer(&shown.body, |style| letter::text(&shown.value, shown.now_ms, style));
        }
        DeadLettersCommand::Replay(args) => {
            let Some(sequence) = args.sequence else {
                let plan = plan(OperationAction::ReplayDeadLetters, args.filter, args.note);
                return bulk::run(client, out, &plan, args.confirmation).await;
            };
            let body = body(client, editor, sequence, &args).await?;
            say(out, &client.replay_dead_letter(sequence, &Replay { body, note: args.note }).await?);
        }
        DeadLettersCommand::Discard(args) => {
            let Some(sequence) = args.sequence else {
                let plan = plan(OperationAction::DiscardDeadLetters, args.filter, Some(args.note));
                return bulk::run(client, out, &plan, args.confirmation).await;
            };
            say(out, &client.discard_dead_letter(sequence, &Discard { note: args.note }).await?);
        }
    }
    Ok(Exit::Done)
}

/// Another body than the letter's own, if one is given.
async fn body(
    client: &Client,
    editor: &Editor,
    sequence: u64,
    args: &ReplayArgs,
) -> Result<Option<String>, Failure> {
    if let Some(path) = &args.body {
        return input::text(path).map(Some);
    }
    if !args.edit {
        return Ok(None);
    }
    let letter = client.get_dead_letter(sequence).await?;
    editor.edit(&letter.value.body).map(Some)
}

fn plan(action: OperationAction, filter: LetterFilter, note: Option<String>) -> OperationPlan {
    let LetterFilter { group, consumer, order } = filter;
    let dead_letters = Some(DeadLetterFilter { group, consumer, order });
    OperationPlan { action, timers: None, dead_letters, retell: None, to: None, by_ms: None, note }
}

fn say(out: &Out, answer: &Answer<Replayed>) {
    out.answer(&answer.body, |_| {
        format!("dead letter {}: {}", answer.value.sequence, plain(&answer.value.message))
    });
}

fn group_text(groups: &DeadLetterGroups, now_ms: i64, style: Style) -> String {
    let mut text = if groups.groups.is_empty() {
        "no dead letter".to_owned()
    } else {
        let head = ["group", "count", "failed again", "newest", "consumer", "reason"];
        let mut table = Table::new(&head).right(&[1, 2]);
        for group in &groups.groups {
            table.row([
                group.id.clone(),
                count(group.count),
                count(group.failed_again),
                relative(group.newest_at, now_ms),
                group.consumer.clone(),
                group.reason.clone(),
            ]);
        }
        table.text(style)
    };
    if groups.read < groups.total {
        let (read, total) = (count(groups.read), some(groups.total, "dead letter"));
        text.push_str(&format!("\n{}", style.quiet(&format!("{read} of {total} have been read so far"))));
    }
    text
}

fn page_text(page: &DeadLetterPage, now_ms: i64, style: Style) -> String {
    if page.letters.is_empty() {
        return "no dead letter".to_owned();
    }
    let mut text = brief(&page.letters, now_ms, style);
    let more = page.next.map(|next| format!("; more: --after {next}")).unwrap_or_default();
    let all = format!("{}{more}", some(page.total, "dead letter"));
    text.push_str(&format!("\n{}", style.quiet(&all)));
    text
}

/// A line for each.
pub(super) fn brief(letters: &[DeadLetterBrief], now_ms: i64, style: Style) -> String {
    let mut table = Table::new(&["seq", "since", "consumer", "order", "replays", "reason"]).right(&[0, 4]);
    for letter in letters {
        table.row([
            letter.sequence.to_string(),
            relative(letter.at, now_ms),
            letter.consumer.clone(),
            letter.order.as_ref().map(ToString::to_string).unwrap_or_default(),
            letter.replays.to_string(),
            letter.reason.clone(),
        ]);
    }
    table.text(style)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn groups_are_shown_with_what_failed_again_and_how_far_they_were_read() {
        let groups = serde_json::from_value(json!({ "total": 3_000, "read": 2_000, "groups": [{
            "id": "g1", "consumer": "orders-payment-created", "subject": "payment:created", "reason": "no JSON … here",
            "count": 2_000, "failedAgain": 7, "oldestAt": "2026-01-31T11:00:00.000Z", "newestAt": "2026-01-31T11:59:00.000Z",
        }] }));
        let now = "2026-01-31T12:00:00.000Z".parse::<common::event::Timestamp>().unwrap();
        assert_eq!(
            group_text(&groups.unwrap(), now.as_millis(), Style::default()),
            "group  count  failed again  newest  consumer                reason\n\
             g1     2,000             7  1m ago  orders-payment-created  no JSON … here\n\
             2,000 of 3,000 dead letters have been read so far"
        );
    }

    #[test]
    fn a_letter_is_shown_whole_and_obeyed_in_nothing() {
        let letter = serde_json::from_value(json!({
            "sequence": 7, "group": "g1", "consumer": "orders-payment-created", "subject": "payment:created",
            "reason": "no JSON", "at": "2026-01-31T11:00:00.000Z", "replays": 2, "stream": "ticketing-payments",
            "streamSequence": 3, "publishedAt": "2026-01-31T10:59:59Z", "headers": { "Nats-Msg-Id": ["m-1"] },
            "body": "{\"id\":\u{1b}[2J\noops", "exact": true, "problem": "expected value at line 1 column 8",
        }));
        let text = letter::text(&letter.unwrap(), 0, Style::default());
        for part in [
            "dead letter 7",
            "problem   expected value",
            "replayed  2 times",
            "  Nats-Msg-Id: m-1",
            "body\n{\"id\":\u{fffd}[2J\noops",
            "from      ticketing-payments, sequence 3",
        ] {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
    }
}
