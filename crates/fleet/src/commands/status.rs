//! `fleet status`: is it well?

use common::{
    internal::ScheduleState,
    operator::{ConsumerState, ServiceState, Status, StreamState},
};

use super::{pause, rebuild};
use crate::{
    client::Client,
    exit::{Exit, Failure},
    out::Out,
    shown::{absolute, bytes, count, plain, relative, some, span},
    style::Style,
    table::Table,
};

/// Asks, and ends with 3 if something needs a person.
pub(crate) async fn run(client: &Client, out: &Out) -> Result<Exit, Failure> {
    let status = client.get_status().await?;
    out.answer(&status.body, |style| text(&status.value, style));
    Ok(if status.value.well { Exit::Done } else { Exit::NotWell })
}

fn text(status: &Status, style: Style) -> String {
    let mut parts = vec![verdict(status, style)];
    parts.extend(status.schedule.as_ref().map(|schedule| schedule_text(schedule, style)));
    parts.push(rest(status));
    parts.push(consumers(&status.consumers, style));
    parts.push(streams(&status.streams, style));
    parts.push(services(&status.services, status, style));
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// Whether it is well, and what is not, with the next step.
fn verdict(status: &Status, style: Style) -> String {
    let at = absolute(status.at);
    if status.well && status.troubles.is_empty() {
        return format!("{} at {at}: nothing needs a person", style.good("well"));
    }
    let word = if status.well { style.good("well") } else { style.bad("not well") };
    let mut lines = vec![format!("{word} at {at}")];
    for trouble in &status.troubles {
        let how = if trouble.urgent { style.bad("now:   ") } else { "later: ".to_owned() };
        lines.push(format!("  {how}{}", plain(&trouble.what)));
        lines.push(format!("         next: {} (page {})", plain(&trouble.next), plain(&trouble.page)));
    }
    lines.join("\n")
}

fn schedule_text(schedule: &ScheduleState, style: Style) -> String {
    let oldest = match schedule.oldest_due_age_ms {
        0 => String::new(),
        ms => format!("; the oldest due one has waited for {}", span(ms)),
    };
    let mut lines = vec![format!(
        "{}  {}: {} pending, {} due, {} claimed, {} overdue{oldest}",
        style.bold("schedule"),
        some(schedule.timers, "timer"),
        count(schedule.pending),
        count(schedule.due),
        count(schedule.claimed),
        count(schedule.overdue),
    )];
    lines.extend(schedule.pause.is_some().then(|| pause::text(schedule)));
    lines.extend(rebuild::text(schedule));
    lines.join("\n")
}

/// Dead letters, money and outboxes, a line each.
fn rest(status: &Status) -> String {
    let now_ms = status.at.as_millis();
    let mut lines = Vec::new();
    if let Some(letters) = status.dead_letters {
        lines.push(format!("dead letters  {}", count(letters)));
    }
    if let Some(owed) = &status.owed {
        let oldest = owed.oldest.as_ref().map(|owed| {
            format!(
                ", the oldest {}: payment {}",
                relative(owed.payment.rejected_at, now_ms),
                owed.payment.payment_id
            )
        });
        lines.push(format!("owed          {}{}", some(owed.count, "payment"), oldest.unwrap_or_default()));
    }
    for outbox in &status.outboxes {
        let state = match &outbox.state {
            None => "does not answer".to_owned(),
            Some(state) if state.depth == 0 => "empty".to_owned(),
            Some(state) => format!(
                "{}, {} set aside, the oldest has waited for {}",
                some(state.depth, "event"),
                count(state.set_aside),
                span(state.oldest_age_ms)
            ),
        };
        lines.push(format!("outbox        {}: {state}", plain(&outbox.service)));
    }
    lines.join("\n")
}

fn consumers(consumers: &[ConsumerState], style: Style) -> String {
    let head = ["consumer", "pending", "in flight", "again", "oldest", "differs"];
    let mut table = Table::new(&head).right(&[1, 2, 3, 4]);
    for consumer in consumers {
        table.row([
            consumer.name.clone(),
            count(consumer.pending),
            count(consumer.in_flight),
            count(consumer.redelivered),
            if consumer.oldest_age_ms == 0 { String::new() } else { span(consumer.oldest_age_ms) },
            if consumer.exists { consumer.differences.join("; ") } else { "missing".to_owned() },
        ]);
    }
    table.text(style)
}

fn streams(streams: &[StreamState], style: Style) -> String {
    let mut table = Table::new(&["stream", "messages", "size", "full", "differs"]).right(&[1, 2, 3]);
    for stream in streams {
        let differs = match (stream.exists, stream.optional) {
            (true, _) => stream.differences.join("; "),
            (false, true) => "not there yet".to_owned(),
            (false, false) => "missing".to_owned(),
        };
        table.row([
            stream.name.clone(),
            count(stream.messages),
            bytes(stream.bytes),
            (stream.bytes * 100)
                .checked_div(stream.bytes_limit)
                .map(|share| format!("{share} %"))
                .unwrap_or_default(),
            differs,
        ]);
    }
    table.text(style)
}

fn services(services: &[ServiceState], status: &Status, style: Style) -> String {
    let mut table = Table::new(&["service", "address", "ready", "version", "started", "remarks"]);
    for (service, process) in
        services.iter().flat_map(|service| service.processes.iter().map(move |one| (service, one)))
    {
        let cells = match &process.about {
            None => ["no answer".to_owned(), String::new(), String::new(), String::new()],
            Some(about) => [
                if about.ready { "yes" } else { "no" }.to_owned(),
                about.version.clone(),
                relative(about.started_at, status.at.as_millis()),
                about.remarks.join("; "),
            ],
        };
        table.row([service.name.clone(), process.address.clone()].into_iter().chain(cells));
    }
    table.text(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_is_wrong_and_what_to_do_before_everything_else() {
        let text = text(&crate::top::sample::status(false), Style::default());
        let first: Vec<_> = text.lines().take(3).collect();
        assert_eq!(first[0], "not well at 2026-01-31 12:00:00Z");
        assert!(first[1].starts_with("  now:   12 timers are overdue"), "{text}");
        assert!(first[2].starts_with("         next: look at the workers (page /schedule)"), "{text}");
        for part in [
            "schedule  5,000,000 timers: 4,999,000 pending, 988 due, 12 claimed, 12 overdue; the oldest due one has \
             waited for 9.2 s",
            "dead letters  3",
            "owed          1 payment, the oldest 5m ago: payment p-1",
            "outbox        orders: 2 events, 0 set aside",
            "outbox        tickets: does not answer",
            "orders-payment-created",
            "missing",
            "no answer",
        ] {
            assert!(text.contains(part), "{part:?} is not in:\n{text}");
        }
    }

    #[test]
    fn a_platform_that_is_well_says_so_in_the_first_line() {
        let text = text(&crate::top::sample::status(true), Style::default());
        assert!(text.starts_with("well at 2026-01-31 12:00:00Z: nothing needs a person\n"), "{text}");
    }
}
