//! The path of an order: a picture, and the same as a table.

use common::operator::{OrderReport, PathStep};
use maud::{Markup, html};

use super::super::{sequence, table::table, words};

const COLUMNS: [&str; 6] = ["Step", "Service", "When", "After", "By the clock of", "Remark"];

/// The section.
pub(super) fn section(report: &OrderReport) -> Markup {
    html! {
        h2 #path { "Path across the services" }
        (sequence::picture(report.id.as_str(), &report.path))
        (table("Path across the services", &COLUMNS, &html! { @for step in &report.path { (row(step)) } }))
        @if let Some(trace) = report.order.as_ref().and_then(|order| order.trace_id.as_deref()) {
            p { "Trace " code.id { (trace) } }
        }
    }
}

fn row(step: &PathStep) -> Markup {
    html! {
        tr {
            th scope="row" { (step.step.label()) }
            td { (step.service) }
            td { @match step.at { Some(at) => (words::instant(at)), None => "–" } }
            td.number { @if let Some(ms) = step.after_ms { (words::span(ms)) } }
            td { (step.clock.as_deref().unwrap_or_default()) }
            td { (step.note.as_deref().unwrap_or_default()) }
        }
    }
}
