//! `/audit`: who did what.

use common::operator::{AuditEntry, AuditOutcome, AuditPage};
use maud::{Markup, html};

use super::super::{
    link,
    page::Page,
    reader::Reader,
    table::{nothing, table},
    words,
};

/// What is searched for, as it was typed.
#[derive(Clone, Debug, Default)]
pub(in crate::pages) struct Search {
    pub(in crate::pages) who: String,
    pub(in crate::pages) action: String,
    pub(in crate::pages) target: String,
    pub(in crate::pages) text: String,
}

const FIELDS: [(&str, &str); 4] =
    [("who", "Who"), ("action", "Action"), ("target", "Target"), ("text", "Any text")];
const COLUMNS: [&str; 8] = ["When", "Who", "Action", "Target", "Outcome", "Count", "Note", "Details"];

impl Search {
    fn of(&self, name: &str) -> &str {
        match name {
            "who" => &self.who,
            "action" => &self.action,
            "target" => &self.target,
            _ => &self.text,
        }
    }

    fn older(&self, before: u64) -> String {
        let before = before.to_string();
        let mut pairs: Vec<(&str, &str)> = FIELDS.iter().map(|(name, _)| (*name, self.of(name))).collect();
        pairs.push(("before", &before));
        link::query("/audit", &pairs)
    }
}

/// The page.
pub(in crate::pages) fn page(found: &AuditPage, search: &Search, reader: &Reader) -> Page {
    let body = html! {
        section data-operation="listAudit" {
            h1 { "Audit" }
            p {
                "Every act, also one that was refused: written down before it is done, and again with what came of it. "
                "It can’t be changed or deleted."
            }
            form.filter action="/audit" {
                @for (name, label) in FIELDS {
                    div.field {
                        label for={ "audit-" (name) } { (label) }
                        input id={ "audit-" (name) } name=(name) type="text" autocomplete="off" value=(search.of(name));
                    }
                }
                p.actions { button { "Search" } }
            }
            @if found.entries.is_empty() { (nothing("Nothing was found.")) } @else { (entries("Entries", &found.entries, reader)) }
            @if let Some(next) = found.next { p.pager { a.button.quiet href=(search.older(next)) rel="next" { "Older" } } }
        }
    };
    Page::new("Audit", body)
}

/// Entries as a table.
pub(super) fn entries(name: &str, entries: &[AuditEntry], reader: &Reader) -> Markup {
    table(name, &COLUMNS, &html! { @for entry in entries { (row(entry, reader)) } })
}

fn row(entry: &AuditEntry, reader: &Reader) -> Markup {
    let outcome = match entry.outcome {
        AuditOutcome::Begun => "begun",
        AuditOutcome::Done => "done",
        AuditOutcome::Failed => "failed",
        AuditOutcome::Refused => "refused",
    };
    let target = link::target(&entry.target);
    html! {
        tr {
            td { (words::near(entry.at, reader.now)) }
            th scope="row" {
                bdi { (if entry.who.is_empty() { "nobody known" } else { entry.who.as_str() }) }
                @if !entry.role.is_empty() { ", " (entry.role) }
            }
            td { (entry.action) }
            td.text { @match target { Some(page) => a href=(page) { (entry.target) }, None => (entry.target) } }
            td { span.wrong[matches!(entry.outcome, AuditOutcome::Failed | AuditOutcome::Refused)] { (outcome) } }
            td.number { @if let Some(count) = entry.count { (words::count(count)) } }
            td.text { (entry.note.as_deref().unwrap_or_default()) }
            td { (details(entry)) }
        }
    }
}

fn details(entry: &AuditEntry) -> Markup {
    let values = [("Asked for", &entry.request), ("Before", &entry.before), ("After", &entry.after)];
    html! {
        details {
            summary { "Details" span.hidden { " of entry " (entry.sequence) } }
            dl.facts {
                @for (name, value) in values {
                    @if let Some(value) = value { div { dt { (name) } dd { code { (value) } } } }
                }
                @if let Some(from) = &entry.from { div { dt { "From" } dd { (from) } } }
                div { dt { "Trace" } dd { code.id { (entry.trace_id) } } }
                div { dt { "Act" } dd { code.id { (entry.act) } } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use common::event::Timestamp;

    use super::*;

    fn entry(outcome: AuditOutcome, who: &str) -> AuditEntry {
        AuditEntry {
            sequence: 7,
            act: "a-1".into(),
            at: Timestamp::from_millis(1_769_860_740_000),
            who: who.into(),
            role: String::new(),
            from: Some("192.0.2.1".into()),
            action: "moveTimer".into(),
            target: "order o-1".into(),
            outcome,
            count: Some(1_000),
            before: None,
            after: Some(serde_json::json!({ "to": "<b>" })),
            request: None,
            note: Some("<script>alert(1)</script>".into()),
            trace_id: "t".into(),
        }
    }

    #[test]
    fn an_entry_says_who_what_when_and_what_came_of_it() {
        let found = AuditPage {
            entries: vec![entry(AuditOutcome::Refused, ""), entry(AuditOutcome::Done, "ann")],
            next: Some(5),
        };
        let search = Search { who: "a&b".into(), ..Search::default() };
        let html = page(&found, &search, &Reader::viewer()).body.into_string();
        for part in [
            "nobody known",
            "refused",
            "1,000",
            r#"href="/orders/o-1""#,
            "1 min 0 s ago",
            "who=a%26b&amp;before=5",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(!html.contains("<script>") && !html.contains("<b>"));
    }
}
