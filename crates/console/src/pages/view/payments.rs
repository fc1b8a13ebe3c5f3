//! `/payments`: money that could not be taken and is not known to be back.

use common::internal::{OwedPayment, OwedPayments};
use maud::{Markup, html};

use super::super::{
    again::Again,
    deed::Deed,
    field::{Field, Kind},
    link,
    page::Page,
    reader::Reader,
    table::{facts, nothing},
    words,
};

const SETTLE: &str = "settle";

/// The page; behind the payment `next` there are more.
pub(in crate::pages) fn page(
    found: &OwedPayments,
    next: Option<&str>,
    reader: &Reader,
    again: &Again,
) -> Page {
    let body = html! {
        section data-operation="listOwed" {
            (again.summary(&["note"]))
            h1 { "Payments owed" }
            p {
                (words::of(found.total, "payment")) " could not be taken and "
                (if found.total == 1 { "is" } else { "are" }) " not known to be released or paid back; the longest open first."
            }
            @if found.owed.is_empty() { (nothing("Nothing is owed.")) }
            @for owed in &found.owed { (one(owed, reader, again)) }
            @if let Some(next) = next {
                p.pager { a.button.quiet rel="next" href=(link::query("/payments", &[("after", next)])) { "Later ones" } }
            }
        }
    };
    Page::new("Payments owed", body)
}

/// The name of the form that is about this payment.
pub(in crate::pages) fn form(id: &str) -> String {
    format!("{SETTLE}-{id}")
}

fn one(owed: &OwedPayment, reader: &Reader, again: &Again) -> Markup {
    let payment = &owed.payment;
    let id = payment.payment_id.as_str();
    let form = form(id);
    let deed = Deed {
        form: &form,
        operation: Some("settlePayment"),
        action: format!("/payments/{id}/settle"),
        name: "Settle",
        terms: html! {
            p {
                "Says that a person has seen to payment " code.id { (id) } ", and that nothing is owed any more. It "
                "moves no money: do that at Stripe first."
            }
            p { "orders keeps it, because it rejected the payment; you decide, since no service can." }
        },
        fields: &[Field::new("note", "What was done about the money", Kind::Text)
            .hint("At most 1,000 characters.")
            .required()],
        fixed: &[],
        is_final: true,
    };
    html! {
        article.card {
            h2 { "Payment " code.id { (id) } }
            (facts(&[
                ("Order", html! { a.id href=(link::order(owed.order_id.as_str())) { (owed.order_id) } }),
                ("Why it was rejected", html! { (payment.reason) }),
                ("Since", words::near(payment.rejected_at, reader.now)),
                ("At Stripe", html! { code.id { (payment.stripe_id) } }),
                ("What became of it", html! { @match &payment.outcome { Some(outcome) => (outcome), None => "not known" } }),
            ]))
            (deed.shown(reader, again))
        }
    }
}

#[cfg(test)]
mod tests {
    use common::{event::Timestamp, internal::RejectedPayment};

    use super::*;

    #[test]
    fn each_payment_says_why_it_is_owed_and_has_a_form_of_its_own() {
        let owed = |id: &str| OwedPayment {
            order_id: "o-1".parse().unwrap(),
            payment: RejectedPayment {
                payment_id: id.parse().unwrap(),
                stripe_id: "pi_1".into(),
                reason: "<b>the order is cancelled".into(),
                rejected_at: Timestamp::from_millis(1_769_860_740_000),
                outcome: None,
                settled_at: None,
                note: None,
            },
        };
        let found = OwedPayments { total: 2, owed: vec![owed("p-1"), owed("p-2")] };
        let html = page(&found, Some("p-2"), &Reader::operator(), &Again::default()).body.into_string();
        for part in [
            "2 payments",
            "1 min 0 s ago",
            r#"id="settle-p-1-note""#,
            r#"id="settle-p-2-note""#,
            "after=p-2",
            "&lt;b&gt;the order",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
}
