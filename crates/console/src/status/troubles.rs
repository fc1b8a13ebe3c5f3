//! What needs a person, the worst first, each with the next step.

mod recovery;

use common::operator::{ConsumerState, OutboxReport, ServiceState, Status, StreamState, Trouble};

use crate::orders::text::span;

/// A message that waits longer than this is not just busy traffic.
const OLD_MS: u64 = 30_000;
/// A timer that is due for longer than this is late.
const LATE_MS: u64 = 5_000;
/// How full a stream may be, in percent, before its publisher is soon refused.
const NEARLY_FULL: u64 = 80;

/// Every trouble of a status; none is well.
pub(super) fn of(status: &Status) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    troubles.extend(of_services(&status.services));
    troubles.extend(of_schedule(status));
    troubles.extend(of_outboxes(&status.outboxes, &status.services));
    troubles.extend(recovery::of_outboxes(status));
    troubles.extend(of_streams(&status.streams));
    if status.streams.iter().any(|stream| stream.exists) {
        troubles.extend(of_consumers(&status.consumers));
    }
    troubles.extend(of_letters(status));
    troubles.extend(of_owed(status));
    troubles.sort_by_key(|trouble| !trouble.urgent);
    troubles
}

fn urgent(what: String, next: &str, page: &str) -> Trouble {
    Trouble { urgent: true, what, next: next.to_owned(), page: page.to_owned() }
}

fn later(what: String, next: &str, page: &str) -> Trouble {
    Trouble { urgent: false, ..urgent(what, next, page) }
}

fn of_services(services: &[ServiceState]) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    for service in services {
        let answering: Vec<_> =
            service.processes.iter().filter_map(|process| process.about.as_ref()).collect();
        let silent = service.processes.len() - answering.len();
        let unready = answering.iter().filter(|about| !about.ready).count();
        let name = &service.name;
        if answering.is_empty() {
            let what = format!("No process of {name} answers.");
            troubles.push(urgent(what, "See that it runs, and read its log.", "/consumers#services"));
        } else if unready == answering.len() {
            let what = format!("No process of {name} is ready.");
            troubles.push(urgent(what, "What it needs is in its remarks.", "/consumers#services"));
        } else if silent + unready > 0 {
            let what = format!(
                "Processes of {name} that are not ready: {} of {}.",
                silent + unready,
                service.processes.len()
            );
            troubles.push(later(
                what,
                "The others work meanwhile; read the log of these.",
                "/consumers#services",
            ));
        }
    }
    troubles
}

fn of_schedule(status: &Status) -> Vec<Trouble> {
    let Some(schedule) = &status.schedule else {
        let next = "See that expiration and its Redis run: orders are cancelled by the sweeper meanwhile.";
        return vec![urgent("The schedule can't be seen.".to_owned(), next, "/schedule")];
    };
    let mut troubles = Vec::new();
    match &schedule.pause {
        Some(pause) if pause.paused => {
            let what = format!(
                "The schedule is paused by {} until {}; timers that wait: {}.",
                pause.by, pause.until, pause.waiting
            );
            troubles.push(later(what, "Resume it when the reason is gone.", "/schedule"));
        }
        // What waits during and after a pause is late on purpose.
        Some(_) => {}
        None if schedule.oldest_due_age_ms > LATE_MS => {
            let late = span(i64::try_from(schedule.oldest_due_age_ms).unwrap_or(i64::MAX));
            let what = format!("Timers are overdue: {}, the oldest by {late}.", schedule.overdue);
            troubles.push(urgent(
                what,
                "See whether expiration is ready and the broker takes messages.",
                "/schedule",
            ));
        }
        None => {}
    }
    troubles.extend(recovery::of_schedule(schedule));
    troubles
}

fn of_outboxes(outboxes: &[OutboxReport], services: &[ServiceState]) -> Vec<Trouble> {
    let answers = |name: &str| {
        let mut processes =
            services.iter().filter(|service| service.name == name).flat_map(|it| &it.processes);
        processes.any(|process| process.about.is_some())
    };
    let mut troubles = Vec::new();
    for OutboxReport { service, state } in outboxes {
        let Some(state) = state else {
            // Else it is said already.
            if !answers(service) {
                continue;
            }
            let what = format!("The outbox of {service} can't be seen.");
            let next = "See that it runs and that INTERNAL_TOKEN is the same there.";
            troubles.push(urgent(what, next, "/consumers#outboxes"));
            continue;
        };
        if state.set_aside > 0 {
            let what = format!("The broker has refused events of {service}: {}.", state.set_aside);
            troubles.push(urgent(what, "The log of the service says why.", "/consumers#outboxes"));
        }
        if state.oldest_age_ms > OLD_MS {
            let age = span(i64::try_from(state.oldest_age_ms).unwrap_or(i64::MAX));
            let what =
                format!("Events of {service} are not told yet: {}, the oldest for {age}.", state.depth);
            troubles.push(urgent(
                what,
                "See that the broker is there and its stream has room.",
                "/consumers#outboxes",
            ));
        }
    }
    troubles
}

fn of_streams(streams: &[StreamState]) -> Vec<Trouble> {
    if !streams.is_empty() && streams.iter().all(|stream| !stream.exists) {
        let next = "See that NATS runs; what happens meanwhile waits in the outboxes.";
        return vec![urgent(
            "The broker does not answer, or has none of our streams.".to_owned(),
            next,
            "/consumers#streams",
        )];
    }
    let mut troubles = Vec::new();
    for stream in streams {
        let name = &stream.name;
        if !stream.exists && !stream.optional {
            let what = format!("The stream {name} is missing.");
            troubles.push(urgent(what, "`topology apply` makes it.", "/consumers#streams"));
        }
        if !stream.differences.is_empty() {
            let what = format!(
                "The stream {name} is not as this release wants it: {}.",
                stream.differences.join("; ")
            );
            troubles.push(later(what, "`topology apply` changes what can be changed.", "/consumers#streams"));
        }
        if stream.bytes_limit > 0 && stream.bytes * 100 > stream.bytes_limit * NEARLY_FULL {
            let percent = stream.bytes * 100 / stream.bytes_limit;
            let what = format!("The stream {name} is {percent} % full.");
            troubles.push(urgent(
                what,
                "When it is full its publishers wait: raise its limit.",
                "/consumers#streams",
            ));
        }
    }
    troubles
}

fn of_consumers(consumers: &[ConsumerState]) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    for consumer in consumers {
        let name = &consumer.name;
        if !consumer.exists {
            let what = format!("The consumer {name} is missing.");
            troubles.push(urgent(
                what,
                "`topology apply` makes it, and so does its service at its start.",
                "/consumers",
            ));
        } else if consumer.oldest_age_ms > OLD_MS {
            let age = span(i64::try_from(consumer.oldest_age_ms).unwrap_or(i64::MAX));
            let waiting = consumer.pending + consumer.in_flight;
            let what = format!("Messages wait for {name}: {waiting}, the oldest for {age}.");
            troubles.push(urgent(
                what,
                "See whether its service is ready, and why its messages come back.",
                "/consumers",
            ));
        }
        if !consumer.differences.is_empty() {
            let differences = consumer.differences.join("; ");
            let what = format!("The consumer {name} is not as this release wants it: {differences}.");
            troubles.push(later(what, "`topology apply` changes what can be changed.", "/consumers"));
        }
    }
    troubles
}

fn of_letters(status: &Status) -> Option<Trouble> {
    let letters = status.dead_letters.filter(|letters| *letters > 0)?;
    let what = format!("Dead letters wait for a person: {letters}.");
    Some(later(
        what,
        "Look at their groups: mend the cause, then replay them, or discard them.",
        "/dead-letters",
    ))
}

fn of_owed(status: &Status) -> Option<Trouble> {
    let owed = status.owed.as_ref().filter(|owed| owed.count > 0)?;
    // Money on its way back is a matter of seconds.
    let since =
        owed.oldest.as_ref().map(|oldest| status.at.as_millis() - oldest.payment.rejected_at.as_millis());
    if since.is_some_and(|ms| ms < 120_000) {
        return None;
    }
    let what = format!("Rejected payments are not settled: {}.", owed.count);
    Some(later(what, "See to each at the provider, then settle it with a note.", "/payments"))
}

#[cfg(test)]
mod tests;
