//! `fleet order`: what became of one order, and why.

use common::{
    event::Id,
    internal::{OrderHistory, OrderMoney, Timer},
    operator::{AuditEntry, AuditOutcome, OrderReport},
};

use super::{dead_letters, path};
use crate::{
    client::Client,
    exit::{Exit, Failure},
    out::Out,
    shown::{absolute, instant, plain, relative},
    style::Style,
    table::Table,
};

/// Asks for it and shows it.
pub(crate) async fn run(client: &Client, out: &Out, id: &Id) -> Result<Exit, Failure> {
    let report = client.get_order(id).await?;
    let now_ms = report.value.order.as_ref().map_or(report.now_ms, |order| order.now.as_millis());
    out.answer(&report.body, |style| text(&report.value, now_ms, style));
    Ok(Exit::Done)
}

fn text(report: &OrderReport, now_ms: i64, style: Style) -> String {
    let mut parts = vec![format!("{} {}\n{}", style.bold("order"), report.id, plain(&report.summary))];
    if !report.missing.is_empty() {
        let missing = report.missing.join(", ");
        parts.push(style.bad(&format!("did not answer, so it is not in here: {}", plain(&missing))));
    }
    let order = report.order.as_ref().map(|order| facts(order, now_ms));
    let timer = report.timer.as_ref().map(|timer| ("timer", timer_line(timer, now_ms)));
    let facts: Vec<_> = order.into_iter().flatten().chain(timer).collect();
    if !facts.is_empty() {
        let line = |(name, value): &(&str, String)| format!("{name:<10}{}", plain(value));
        parts.push(facts.iter().map(line).collect::<Vec<_>>().join("\n"));
    }
    parts.push(path::table(&report.path, style));
    parts.extend(report.money.as_ref().and_then(|money| payments(money, style)));
    parts.extend(report.order.as_ref().and_then(|order| rejected(order, now_ms, style)));
    if !report.dead_letters.is_empty() {
        let letters = dead_letters::brief(&report.dead_letters, now_ms, style);
        parts.push(format!("{}\n{letters}", style.bold("dead letters")));
    }
    parts.extend(acts(&report.acts, style));
    parts.join("\n\n")
}

fn facts(order: &OrderHistory, now_ms: i64) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("status", format!("{}, version {}", order.status, order.version)),
        ("ticket", format!("{} ({}), {}", order.title, order.ticket_id, order.price)),
        ("buyer", order.user_id.to_string()),
        ("expires", instant(order.expires_at, now_ms)),
    ];
    if let Some(at) = order.cancelled_at {
        let reason = order.cancel_reason.as_deref().unwrap_or("for a reason that is not known");
        facts.push(("cancelled", format!("{}: {reason}", instant(at, now_ms))));
    }
    if let Some(fired) = &order.fired {
        let by = fired.by.as_deref().unwrap_or("a worker of an older release");
        facts.push(("fired by", format!("{by}, {}", absolute(fired.at))));
    }
    if let Some(at) = order.completed_at {
        let payment = order.payment_id.as_ref().map(|id| format!(" by payment {id}")).unwrap_or_default();
        facts.push(("complete", format!("{}{payment}", instant(at, now_ms))));
    }
    if let Some(trace) = &order.trace_id {
        facts.push(("trace", trace.clone()));
    }
    facts
}

/// When it fires, and who has it in hand.
pub(super) fn timer_line(timer: &Timer, now_ms: i64) -> String {
    let at = instant(timer.due_at, now_ms);
    match &timer.claim {
        Some(claim) => {
            let by = claim.by.as_deref().unwrap_or("a worker of an older release");
            format!("claimed by {by}, until {}", instant(claim.until, now_ms))
        }
        None => format!("{}, {at}", super::timers::state(timer.state)),
    }
}

fn payments(money: &OrderMoney, style: Style) -> Option<String> {
    if money.payments.is_empty() {
        return None;
    }
    let mut table = Table::new(&["payment", "kind", "status", "amount", "since", "at Stripe"]).right(&[3]);
    for payment in &money.payments {
        table.row([
            payment.id.to_string(),
            payment.kind.clone(),
            match (&payment.decision, &payment.reason) {
                (Some(decision), _) => format!("{}, to do: {decision}", payment.status),
                (None, Some(reason)) => format!("{}: {reason}", payment.status),
                (None, None) => payment.status.clone(),
            },
            format!("{} {}", payment.amount, payment.currency),
            absolute(payment.updated_at),
            payment.stripe_id.clone().unwrap_or_default(),
        ]);
    }
    Some(format!("{}\n{}", style.bold("money"), table.text(style)))
}

fn rejected(order: &OrderHistory, now_ms: i64, style: Style) -> Option<String> {
    if order.rejected.is_empty() {
        return None;
    }
    let mut table = Table::new(&["rejected payment", "since", "settled", "why"]);
    for payment in &order.rejected {
        let settled = match (&payment.settled_at, &payment.outcome, &payment.note) {
            (Some(_), Some(outcome), _) => outcome.to_string(),
            (Some(_), None, Some(note)) => note.clone(),
            (Some(at), None, None) => absolute(*at),
            (None, _, _) => "no: money is owed".to_owned(),
        };
        let since = relative(payment.rejected_at, now_ms);
        table.row([payment.payment_id.to_string(), since, settled, payment.reason.clone()]);
    }
    Some(table.text(style))
}

/// What operators did. Their words are in the half of each act that says that it was about to be done.
fn acts(entries: &[AuditEntry], style: Style) -> Option<String> {
    let (begun, ended): (Vec<_>, Vec<_>) =
        entries.iter().partition(|entry| entry.outcome == AuditOutcome::Begun);
    if ended.is_empty() {
        return None;
    }
    let mut table = Table::new(&["at", "who", "did", "why", "result"]);
    for entry in ended {
        let why = begun.iter().find(|begun| begun.act == entry.act).and_then(|begun| begun.note.clone());
        table.row([
            absolute(entry.at),
            entry.who.clone(),
            super::audit::deed(entry),
            why.unwrap_or_default(),
            entry.note.clone().unwrap_or_default(),
        ]);
    }
    Some(format!("{}\n{}", style.bold("what operators did"), table.text(style)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report() -> OrderReport {
        let value = json!({
            "id": "o-1",
            "summary": "Cancelled because nobody paid within the time.",
            "order": {
                "id": "o-1", "version": 1, "status": "cancelled", "userId": "u-1", "ticketId": "t-1",
                "title": "Row\u{1b}[2J 1", "price": 20, "createdAt": "2026-01-31T23:50:00.000Z",
                "expiresAt": "2026-02-01T00:05:00.000Z", "now": "2026-02-01T00:10:00.000Z",
                "cancelledAt": "2026-02-01T00:05:00.012Z", "cancelReason": "expired",
                "fired": { "at": "2026-02-01T00:05:00.004Z", "by": "expiration-0" }, "traceId": "aa",
                "rejected": [{ "paymentId": "p-2", "stripeId": "pi_2", "reason": "cancelled",
                    "rejectedAt": "2026-02-01T00:06:00.000Z" }],
            },
            "money": { "payments": [{ "id": "p-2", "kind": "token", "status": "authorised", "decision": "release",
                "amount": 20, "currency": "usd", "createdAt": "2026-02-01T00:05:30.000Z",
                "updatedAt": "2026-02-01T00:06:00.000Z" }] },
            "path": [
                { "step": "stored", "service": "orders", "at": "2026-01-31T23:50:00.000Z", "clock": "Postgres" },
                { "step": "fired", "service": "expiration", "at": "2026-02-01T00:05:00.004Z", "clock": "NATS",
                  "afterMs": 900_004 },
                { "step": "seatFree", "service": "tickets", "note": "not recorded" },
            ],
            "deadLetters": [],
            "acts": [
                { "sequence": 2, "act": "a", "at": "2026-01-31T23:55:00.000Z", "who": "eve", "role": "operator",
                  "action": "moveTimer", "target": "order o-1", "outcome": "done", "traceId": "bb", "note": "10 min more" },
                { "sequence": 1, "act": "a", "at": "2026-01-31T23:55:00.000Z", "who": "eve", "role": "operator",
                  "action": "moveTimer", "target": "order o-1", "outcome": "begun", "traceId": "bb", "note": "she asked" },
            ],
            "missing": ["tickets"],
        });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn an_order_is_shown_with_its_reason_path_money_and_acts() {
        let report = report();
        let now_ms = report.order.as_ref().unwrap().now.as_millis();
        let text = text(&report, now_ms, Style::default());
        for line in [
            "order o-1",
            "Cancelled because nobody paid within the time.",
            "did not answer, so it is not in here: tickets",
            "cancelled 2026-02-01 00:05:00Z, 4m 59s ago: expired",
            "fired by  expiration-0, 2026-02-01 00:05:00Z",
            "path on 2026-01-31",
            "stored   orders      23:50:00.000                   Postgres",
            "fired    expiration  2026-02-01 00:05:00.004  +15m  NATS",
            "seat free  tickets",
            "p-2      token  authorised, to do: release",
            "no: money is owed",
            "eve  moveTimer  she asked  10 min more",
        ] {
            let found = text.split('\n').any(|found| squeezed(found).contains(&squeezed(line)));
            assert!(found, "{line:?} is not in:\n{text}");
        }
        assert_eq!(text.matches("moveTimer").count(), 1, "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }

    fn squeezed(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
