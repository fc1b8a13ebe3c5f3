//! Each consumer, and how far behind it is.

use common::operator::ConsumerState;
use maud::{Markup, html};

use super::{
    super::{
        live,
        table::{nothing, table},
    },
    topology::judged,
};

const COLUMNS: [&str; 7] =
    ["Consumer", "Subject", "Pending", "In flight", "Redelivered", "Oldest", "As it should be"];

/// Each consumer.
pub(super) fn table_of(consumers: &[ConsumerState]) -> Markup {
    let rows = html! { @for consumer in consumers { (row(consumer)) } };
    html! { @if consumers.is_empty() { (nothing("The broker does not answer.")) } @else { (table("Consumers", &COLUMNS, &rows)) } }
}

fn row(consumer: &ConsumerState) -> Markup {
    let place = |field: &str| format!("consumers/{}/{field}", consumer.name);
    html! {
        tr {
            th scope="row" { (consumer.name) }
            td { (consumer.subject) }
            td.number { (live::count(&place("pending"), consumer.pending)) }
            td.number { (live::count(&place("inFlight"), consumer.in_flight)) }
            td.number { (live::count(&place("redelivered"), consumer.redelivered)) }
            td.number { (live::age(&place("oldestAgeMs"), consumer.oldest_age_ms)) }
            td { (judged(consumer.exists, false, &consumer.differences)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consumer_shows_how_far_behind_it_is_and_what_differs() {
        let consumer = ConsumerState {
            name: "orders-payment-created".into(),
            stream: "t-payments".into(),
            subject: "payment:created".into(),
            exists: true,
            pending: 12_000,
            in_flight: 3,
            redelivered: 1,
            oldest_age_ms: 61_000,
            differences: vec!["ack_wait: 5s, 30s".into()],
        };
        let html = table_of(std::slice::from_ref(&consumer)).into_string();
        for part in ["orders-payment-created/pending\">12,000", "1 min 1 s", "ack_wait: 5s, 30s"] {
            assert!(html.contains(part), "{part}: {html}");
        }
        let missing = table_of(&[ConsumerState { exists: false, ..consumer }]).into_string();
        assert!(missing.contains("missing"), "{missing}");
    }
}
