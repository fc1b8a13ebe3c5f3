//! An order's money.

use common::{
    internal::{OrderMoney, RejectedPayment},
    operator::OrderReport,
};
use maud::{Markup, html};

use super::super::{
    reader::Reader,
    table::{nothing, table},
    words,
};

const PAYMENTS: [&str; 7] =
    ["Payment", "Kind", "Status", "Amount", "Still to be done", "At Stripe", "Last change"];
const REJECTED: [&str; 5] = ["Payment", "Why", "Since", "What became of it", "Note"];

/// The section.
pub(super) fn section(report: &OrderReport, reader: &Reader) -> Markup {
    let rejected = report.order.as_ref().map_or(&[][..], |order| &order.rejected);
    html! {
        h2 #money { "Money" }
        @match &report.money {
            Some(money) if !money.payments.is_empty() => (payments(money, reader)),
            Some(_) => (nothing("Nothing was paid.")),
            None => (nothing("payments says nothing about it.")),
        }
        @if !rejected.is_empty() {
            h3 { "Payments that could not be taken" }
            (rejections(rejected, reader))
        }
    }
}

fn payments(money: &OrderMoney, reader: &Reader) -> Markup {
    let rows = html! {
        @for payment in &money.payments {
            tr {
                th scope="row" { code.id { (payment.id) } }
                td { (payment.kind) }
                td { (payment.status) @if let Some(reason) = &payment.reason { ": " (reason) } }
                td.number { (payment.amount) " " (payment.currency.to_uppercase()) }
                td { (payment.decision.as_deref().unwrap_or("nothing")) }
                td { @if let Some(stripe) = &payment.stripe_id { code.id { (stripe) } } }
                td { (words::near(payment.updated_at, reader.now)) }
            }
        }
    };
    table("Payments", &PAYMENTS, &rows)
}

fn rejections(rejected: &[RejectedPayment], reader: &Reader) -> Markup {
    let rows = html! {
        @for payment in rejected {
            tr {
                th scope="row" { code.id { (payment.payment_id) } }
                td { (payment.reason) }
                td { (words::near(payment.rejected_at, reader.now)) }
                td {
                    @match (&payment.outcome, payment.settled_at) {
                        (Some(outcome), _) => (outcome),
                        (None, Some(_)) => "settled by a person",
                        (None, None) => a href="/payments" { "owed" },
                    }
                }
                td { (payment.note.as_deref().unwrap_or_default()) }
            }
        }
    };
    table("Payments that could not be taken", &REJECTED, &rows)
}
