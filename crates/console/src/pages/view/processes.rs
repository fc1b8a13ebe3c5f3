//! The services and what they have not told yet.

use common::operator::{OutboxReport, ProcessState, ServiceState};
use maud::{Markup, html};

use super::super::{
    live,
    reader::Reader,
    table::{nothing, table},
    words,
};

const OUTBOX: [&str; 5] = ["Service", "Not told yet", "Set aside", "Oldest", "Told again, times"];
const PROCESSES: [&str; 6] = ["Service", "Process", "Version", "Ready", "Running since", "Remarks"];

/// Each outbox.
pub(super) fn outboxes(outboxes: &[OutboxReport]) -> Markup {
    let rows = html! {
        @for outbox in outboxes {
            tr {
                th scope="row" { (outbox.service) }
                @match &outbox.state {
                    Some(state) => {
                        td.number { (live::count(&format!("outboxes/{}/state/depth", outbox.service), state.depth)) }
                        td.number { (live::count(&format!("outboxes/{}/state/setAside", outbox.service), state.set_aside)) }
                        td.number { (live::age(&format!("outboxes/{}/state/oldestAgeMs", outbox.service), state.oldest_age_ms)) }
                        td.number {
                            (live::count_at_times(
                                &format!("outboxes/{}/state/toldAgain/losses", outbox.service),
                                state.told_again.map(|told| told.losses),
                            ))
                        }
                    }
                    None => td colspan="4" { strong.wrong { "does not answer" } },
                }
            }
        }
    };
    html! { @if outboxes.is_empty() { (nothing("No service says.")) } @else { (table("Outboxes", &OUTBOX, &rows)) } }
}

/// Each process of each service.
pub(super) fn services(services: &[ServiceState], reader: &Reader) -> Markup {
    let rows = html! {
        @for service in services {
            @for process in &service.processes { (row(service, process, reader)) }
            @if service.processes.is_empty() { tr { th scope="row" { (service.name) } td colspan="5" { strong.wrong { "no process" } } } }
        }
    };
    html! { @if services.is_empty() { (nothing("None was asked yet.")) } @else { (table("Services", &PROCESSES, &rows)) } }
}

fn row(service: &ServiceState, process: &ProcessState, reader: &Reader) -> Markup {
    html! {
        tr {
            th scope="row" { (service.name) }
            @match &process.about {
                Some(about) => {
                    td { (about.instance) }
                    td { (about.version) }
                    td { @if about.ready { "yes" } @else { strong.wrong { "no" } } }
                    td { (words::near(about.started_at, reader.now)) }
                    td { @if !about.remarks.is_empty() { ul { @for remark in &about.remarks { li { (remark) } } } } }
                }
                None => { td { (process.address) } td colspan="4" { strong.wrong { "does not answer" } } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use common::{
        event::Timestamp,
        internal::{About, OutboxState},
    };

    use super::*;

    #[test]
    fn a_process_says_since_when_it_runs_and_an_address_without_one_that_none_answers() {
        let about = About {
            service: "orders".into(),
            version: "1.2.3".into(),
            instance: "orders-0".into(),
            started_at: Timestamp::from_millis(1_769_857_200_000),
            ready: false,
            remarks: vec!["the schedule is paused".into()],
        };
        let processes = vec![
            ProcessState { address: "10.0.0.1:3000".into(), about: Some(about) },
            ProcessState { address: "10.0.0.2:3000".into(), about: None },
        ];
        let html =
            services(&[ServiceState { name: "orders".into(), processes }], &Reader::viewer()).into_string();
        for part in ["1.2.3", "1 h 0 min ago", "the schedule is paused", "10.0.0.2:3000", "does not answer"] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }

    #[test]
    fn an_outbox_shows_what_is_not_told_yet() {
        let state = OutboxState { depth: 1_200, set_aside: 2, oldest_age_ms: 90_000, told_again: None };
        let told = [
            OutboxReport { service: "orders".into(), state: Some(state) },
            OutboxReport { service: "tickets".into(), state: None },
        ];
        let html = outboxes(&told).into_string();
        assert!(
            html.contains("1,200") && html.contains("1 min 30 s") && html.contains("does not answer"),
            "{html}"
        );
    }
}
