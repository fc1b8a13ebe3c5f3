//! `/orders/{id}`: what became of an order, and why.

use common::{internal::OrderHistory, operator::OrderReport};
use maud::{Markup, html};

use super::{
    super::{
        again::Again,
        link,
        page::Page,
        reader::Reader,
        table::{facts, nothing},
        words,
    },
    audit, letter_table, money, path, timer,
};

/// The page.
pub(in crate::pages) fn page(report: &OrderReport, reader: &Reader, again: &Again) -> Page {
    let id = report.id.as_str();
    let body = html! {
        (again.summary(&["byMs", "to", "note"]))
        article data-operation="getOrder" {
            h1 { "Order " code.id { (id) } }
            p.summary { (report.summary) }
            @if !report.missing.is_empty() {
                div.notice { p { "Not all is known: no answer from " (report.missing.join(", ")) "." } }
            }
            (path::section(report))
            (timer::section(report, reader, again))
            h2 { "Order" }
            @match &report.order {
                Some(order) => (history(order, report, reader)),
                None => (nothing("orders does not know it: it is another service’s order, or none.")),
            }
            (money::section(report, reader))
            h2 { "Dead letters" }
            @if report.dead_letters.is_empty() { (nothing("None names it.")) }
            @else { (letter_table::letters("Dead letters", &report.dead_letters, reader)) }
            h2 { "What operators did" }
            @if report.acts.is_empty() { (nothing("Nothing, as far as the audit was searched.")) }
            @else { (audit::entries("What operators did", &report.acts, reader)) }
            p { a href=(link::query("/audit", &[("target", &format!("order {id}"))])) { "Search the audit for this order" } }
        }
    };
    Page::new(format!("Order {id}"), body)
}

fn history(order: &OrderHistory, report: &OrderReport, reader: &Reader) -> Markup {
    let mut all = vec![
        ("Status", html! { strong { (order.status) } ", version " (order.version) }),
        (
            "Ticket",
            html! { bdi { (order.title) } ", price " (order.price) ", " code.id { (order.ticket_id) } },
        ),
        ("Buyer", html! { code.id { (order.user_id) } }),
        ("Placed", words::near(order.created_at, reader.now)),
        (
            "Expires if unpaid",
            html! { (words::instant(order.expires_at)) " (" (words::relative(order.expires_at, order.now)) " by Postgres)" },
        ),
    ];
    if let Some(at) = order.cancelled_at {
        let why = order.cancel_reason.as_deref().unwrap_or("no reason kept");
        all.push(("Cancelled", html! { (words::near(at, reader.now)) ": " (why) }));
    }
    if let Some(at) = order.completed_at {
        all.push(("Completed", words::near(at, reader.now)));
    }
    if let Some(fired) = &order.fired {
        let by = fired.by.as_deref().unwrap_or("a worker of an older release");
        all.push(("Fired by", html! { (by) ", stored by the broker " (words::instant(fired.at)) }));
    }
    if let Some(seat) = &report.seat {
        let held = seat.held_by.as_ref();
        all.push((
            "Seat",
            html! {
                @match held {
                    Some(by) if *by == report.id => "held by this order",
                    Some(by) => { "held by order " a.id href=(link::order(by.as_str())) { (by) } }
                    None => "free",
                }
            },
        ));
    }
    facts(&all)
}

#[cfg(test)]
mod tests {
    use common::{
        event::{OrderStatus, Timestamp},
        internal::{Timer, TimerClaim, TimerState},
        operator::{PathStep, Step},
    };

    use super::*;

    pub(super) fn history(status: OrderStatus) -> OrderHistory {
        let at = |s: i64| Timestamp::from_millis(1_769_860_800_000 + s * 1_000);
        OrderHistory {
            id: "o-1".parse().unwrap(),
            version: 0,
            status,
            user_id: "u-1".parse().unwrap(),
            ticket_id: "t-1".parse().unwrap(),
            title: "<script>alert(1)</script>".into(),
            price: "20".parse().unwrap(),
            requested_at: None,
            created_at: at(-60),
            expires_at: at(840),
            now: at(0),
            cancelled_at: None,
            cancel_reason: None,
            completed_at: None,
            payment_id: None,
            payment_outcome: None,
            fired: None,
            trace_id: Some("0123456789abcdef0123456789abcdef".into()),
            rejected: vec![],
        }
    }

    fn report(order: Option<OrderHistory>) -> OrderReport {
        let due_at = Timestamp::from_millis(1_769_861_640_000);
        let claim = Some(TimerClaim { by: Some("expiration-0".into()), until: due_at });
        OrderReport {
            id: "o-1".parse().unwrap(),
            summary: "It waits for its money.".into(),
            order,
            timer: Some(Timer { id: "o-1".parse().unwrap(), due_at, state: TimerState::Claimed, claim }),
            money: None,
            seat: None,
            path: vec![PathStep {
                step: Step::Stored,
                service: "orders".into(),
                at: Some(due_at),
                clock: Some("Postgres".into()),
                after_ms: None,
                note: Some("<i>".into()),
            }],
            dead_letters: vec![],
            acts: vec![],
            missing: vec!["payments".into()],
        }
    }

    fn shown(report: &OrderReport, reader: &Reader) -> String {
        page(report, reader, &Again::default()).body.into_string()
    }

    #[test]
    fn an_unpaid_order_of_ours_is_decided_by_orders_and_the_page_says_why() {
        let html = shown(&report(Some(history(OrderStatus::Created))), &Reader::operator());
        for part in [
            "It waits for its money.",
            "no answer from payments",
            "expiration-0",
            "orders decides",
            "Postgres",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(!html.contains("expiration decides"));
        for operation in ["getOrder", "fireTimer", "moveTimer", "cancelTimer"] {
            assert!(html.contains(&format!("data-operation=\"{operation}\"")), "{operation}");
        }
    }

    #[test]
    fn the_timer_of_another_services_order_is_decided_by_expiration() {
        let html = shown(&report(None), &Reader::operator());
        assert!(html.contains("expiration decides alone") && !html.contains("orders decides"), "{html}");
        let unknown = OrderReport { missing: vec!["orders".into()], ..report(None) };
        assert!(!shown(&unknown, &Reader::operator()).contains("<form"), "nobody knows whose it is");
    }

    #[test]
    fn a_viewer_and_an_order_that_is_over_have_no_forms() {
        assert!(!shown(&report(Some(history(OrderStatus::Created))), &Reader::viewer()).contains("<form"));
        assert!(!shown(&report(Some(history(OrderStatus::Complete))), &Reader::operator()).contains("<form"));
    }

    #[test]
    fn what_people_wrote_is_no_markup() {
        let html = shown(&report(Some(history(OrderStatus::Created))), &Reader::operator());
        assert!(!html.contains("<script>") && !html.contains("<i>") && html.contains("&lt;script&gt;"));
    }
}
