//! `/dead-letters` and `/dead-letters/list`: what was given up, by consumer and reason, and one by one.

use common::operator::{DeadLetterFilter, DeadLetterGroups, DeadLetterPage};
use maud::{Markup, html};

use super::{
    super::{
        again::Again,
        deed::Deed,
        field::note,
        link,
        page::Page,
        reader::Reader,
        table::{nothing, table},
        words,
    },
    letter_table,
};

pub(in crate::pages) const REPLAY_ALL: &str = "replay-all";
pub(in crate::pages) const DISCARD_ALL: &str = "discard-all";

const COLUMNS: [&str; 6] = ["Reason", "Consumer", "How many", "Failed again", "Oldest", "Newest"];

/// The groups.
pub(in crate::pages) fn groups(found: &DeadLetterGroups, reader: &Reader, again: &Again) -> Page {
    let rows = html! {
        @for group in &found.groups {
            tr {
                th.text scope="row" { a href=(link::query("/dead-letters/list", &[("group", &group.id)])) { (group.reason) } }
                td { (group.consumer) br; span.soft { (group.subject) } }
                td.number { (words::count(group.count)) }
                td.number { (words::count(group.failed_again)) }
                td { (words::near(group.oldest_at, reader.now)) }
                td { (words::near(group.newest_at, reader.now)) }
            }
        }
    };
    let body = html! {
        (again.summary(&["note", "order"]))
        section data-operation="listDeadLetterGroups" {
            h1 { "Dead letters" }
            p { (words::of(found.total, "message")) " that a consumer gave up." }
            @if found.read < found.total {
                p.hint { (words::count(found.read)) " of them have been read so far; the groups are not complete yet." }
            }
            @if found.groups.is_empty() { (nothing("There is none.")) } @else { (table("Groups", &COLUMNS, &rows)) }
            (search(&DeadLetterFilter::default()))
            @if found.total > 0 { h2 { "All of them" } (many(&DeadLetterFilter::default(), reader, again)) }
        }
    };
    Page::new("Dead letters", body)
}

/// Those that match.
pub(in crate::pages) fn list(
    found: &DeadLetterPage,
    filter: &DeadLetterFilter,
    reader: &Reader,
    again: &Again,
) -> Page {
    let body = html! {
        (again.summary(&["note"]))
        section data-operation="listDeadLetters" {
            h1 { "Dead letters that match" }
            p { (words::of(found.total, "message")) ", the newest first. " a href="/dead-letters" { "All groups" } }
            (search(filter))
            @if found.letters.is_empty() { (nothing("None matches.")) }
            @else {
                (letter_table::letters("Dead letters", &found.letters, reader))
                @if let Some(next) = found.next {
                    p.pager { a.button.quiet rel="next" href=(older(filter, next)) { "Older" } }
                }
                h2 { "All that match" }
                (many(filter, reader, again))
            }
        }
    };
    Page::new("Dead letters that match", body)
}

fn older(filter: &DeadLetterFilter, after: u64) -> String {
    let [group, consumer, order] = fixed(filter);
    link::query("/dead-letters/list", &[group, consumer, order, ("after", &after.to_string())])
}

/// The filter as fields of a form.
fn fixed(filter: &DeadLetterFilter) -> [(&'static str, &str); 3] {
    let order = filter.order.as_ref().map_or("", |order| order.as_str());
    [("group", text(filter.group.as_ref())), ("consumer", text(filter.consumer.as_ref())), ("order", order)]
}

fn text(field: Option<&String>) -> &str {
    field.map_or("", String::as_str)
}

fn search(filter: &DeadLetterFilter) -> Markup {
    let order = filter.order.as_ref().map_or("", |order| order.as_str());
    html! {
        form.filter action="/dead-letters/list" {
            @if let Some(group) = &filter.group { input type="hidden" name="group" value=(group); }
            div.field {
                label for="by-consumer" { "Consumer" }
                input #by-consumer name="consumer" type="text" autocomplete="off" value=(text(filter.consumer.as_ref()));
            }
            div.field {
                label for="by-order" { "Order" }
                input #by-order name="order" type="text" autocomplete="off" value=(order);
            }
            p.actions { button { "Show" } }
        }
    }
}

fn many(filter: &DeadLetterFilter, reader: &Reader, again: &Again) -> Markup {
    let [group, consumer, order] = fixed(filter);
    let counted = html! {
        p {
            "Nothing is done yet: you see how many match and some of them, and confirm with their count. Those that come "
            "later are not taken."
        }
    };
    let replay = Deed {
        form: REPLAY_ALL,
        operation: Some("planOperation"),
        action: String::from("/dead-letters/plan"),
        name: "Replay all of these",
        terms: html! {
            (counted)
            p {
                "You decide, since a dead letter waits for a person. Each goes to its own consumer alone, with its first "
                "message id, so a second replay is harmless."
            }
        },
        fields: &[note(false)],
        fixed: &[("action", "replayDeadLetters"), ("form", REPLAY_ALL), group, consumer, order],
        is_final: false,
    };
    let discard = Deed {
        form: DISCARD_ALL,
        operation: Some("planOperation"),
        action: String::from("/dead-letters/plan"),
        name: "Discard all of these",
        terms: html! {
            (counted)
            p {
                "You decide, since a dead letter waits for a person: what they asked for is never done. The letters are "
                "kept in the audit."
            }
        },
        fields: &[note(true)],
        fixed: &[("action", "discardDeadLetters"), ("form", DISCARD_ALL), group, consumer, order],
        is_final: true,
    };
    html! { div.deeds { (replay.shown(reader, again)) (discard.shown(reader, again)) } }
}

#[cfg(test)]
mod tests {
    use common::{
        event::Timestamp,
        operator::{DeadLetterBrief, DeadLetterGroup},
    };

    use super::*;

    #[test]
    fn a_group_leads_to_its_letters_and_all_of_them_can_be_replayed_after_they_are_counted() {
        let at = Timestamp::from_millis(1_769_860_740_000);
        let group = DeadLetterGroup {
            id: "a b&c".into(),
            consumer: "orders-payment-created".into(),
            subject: "payment:created".into(),
            reason: "<b>no order …".into(),
            count: 1_000_000,
            failed_again: 3,
            oldest_at: at,
            newest_at: at,
        };
        let found = DeadLetterGroups { total: 1_000_001, read: 1_000_000, groups: vec![group] };
        let html = groups(&found, &Reader::operator(), &Again::default()).body.into_string();
        for part in [
            "1,000,001 messages",
            "1,000,000 of them",
            "group=a+b%26c",
            "&lt;b&gt;no order",
            "planOperation",
            "Replay all of these",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }

    #[test]
    fn the_next_page_and_the_acts_keep_the_filter() {
        let brief = DeadLetterBrief {
            sequence: 7,
            group: "g".into(),
            consumer: "c".into(),
            subject: "s".into(),
            reason: "r".into(),
            order: Some("o-1".parse().unwrap()),
            at: Timestamp::from_millis(0),
            replays: 2,
        };
        let found = DeadLetterPage { total: 2, letters: vec![brief], next: Some(7) };
        let filter = DeadLetterFilter { group: Some("g\"".into()), ..DeadLetterFilter::default() };
        let html = list(&found, &filter, &Reader::operator(), &Again::default()).body.into_string();
        for part in ["group=g%22&amp;after=7", r#"name="group" value="g&quot;""#, r#"href="/dead-letters/7""#]
        {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
}
