//! `/dead-letters/{sequence}`: one dead letter, and what can be done with it.

use common::operator::DeadLetter;
use maud::{Markup, html};

use super::super::{
    again::Again,
    deed::Deed,
    field::{Field, Kind, note},
    link,
    page::Page,
    reader::Reader,
    table::{facts, nothing, table},
    words,
};

pub(in crate::pages) const REPLAY: &str = "replay";
pub(in crate::pages) const EDIT: &str = "edit";
pub(in crate::pages) const DISCARD: &str = "discard";

/// The page.
pub(in crate::pages) fn page(letter: &DeadLetter, reader: &Reader, again: &Again) -> Page {
    let brief = &letter.brief;
    let mut all = vec![
        ("Reason", html! { strong.text { (brief.reason) } }),
        ("Consumer", html! { (brief.consumer) ", of " (brief.subject) }),
        ("Given up", words::near(brief.at, reader.now)),
        (
            "Message",
            html! { "number " (words::count(letter.stream_sequence)) " of stream " (letter.stream) ", stored " (letter.published_at) },
        ),
        ("Replays before", html! { (brief.replays) }),
        (
            "Group",
            html! { a href=(link::query("/dead-letters/list", &[("group", &brief.group)])) { "Others like it" } },
        ),
    ];
    if let Some(order) = &brief.order {
        all.push(("Order", html! { a.id href=(link::order(order.as_str())) { (order) } }));
    }
    if let Some(trace) = &letter.trace_id {
        all.push(("Trace", html! { code.id { (trace) } }));
    }
    let body = html! {
        (again.summary(&["body", "note"]))
        article data-operation="getDeadLetter" {
            h1 { "Dead letter #" (brief.sequence) }
            @if let Some(problem) = &letter.problem { div.notice.bad { p { "Not an event of its subject: " (problem) } } }
            (facts(&all))
            h2 { "Body" }
            @if let Some(length) = letter.cut_from {
                p.hint { "It was cut: " (words::bytes(length)) " did not fit. It can be replayed with another body only." }
            }
            @else if !letter.exact { p.hint { "Not exactly what it is: what is no UTF-8 is shown as �." } }
            (body(letter))
            h2 { "Headers" }
            (headers(letter))
            h2 { "What to do" }
            (deeds(letter, reader, again))
        }
    };
    Page::new(format!("Dead letter #{}", brief.sequence), body)
}

fn body(letter: &DeadLetter) -> Markup {
    let pretty = pretty(&letter.body);
    let raw =
        html! { pre.scroll tabindex="0" role="region" aria-label="The body as it is" { (letter.body) } };
    html! {
        @match &pretty {
            Some(pretty) => {
                pre.scroll tabindex="0" role="region" aria-label="The body, laid out" { (pretty) }
                details { summary { "As it is" } (raw) }
            }
            None => (raw),
        }
    }
}

/// JSON laid out; nothing where it is none.
fn pretty(body: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(body).ok()?;
    serde_json::to_string_pretty(&value).ok()
}

fn headers(letter: &DeadLetter) -> Markup {
    let rows = html! {
        @for (name, values) in &letter.headers {
            @for value in values { tr { th scope="row" { (name) } td.text { (value) } } }
        }
    };
    if letter.headers.is_empty() {
        nothing("It had none.")
    } else {
        table("Headers", &["Name", "Value"], &rows)
    }
}

fn deeds(letter: &DeadLetter, reader: &Reader, again: &Again) -> Markup {
    let sequence = letter.brief.sequence;
    let consumer = &letter.brief.consumer;
    let action = |form: &str| format!("/dead-letters/{sequence}/{form}");
    let whole = letter.exact && letter.cut_from.is_none();
    let terms = html! {
        p {
            "Dead letter #" (sequence) " goes to " strong { (consumer) } " alone, with its first message id, so a second "
            "replay is harmless. If it fails again, it comes back and is counted."
        }
        p { "You decide, since a dead letter waits for a person." }
    };
    let replay = Deed {
        form: REPLAY,
        operation: Some("replayDeadLetter"),
        action: action(REPLAY),
        name: "Replay",
        terms: terms.clone(),
        fields: &[note(false)],
        fixed: &[],
        is_final: false,
    };
    let edit = Deed {
        form: EDIT,
        operation: Some("replayDeadLetter"),
        action: action(EDIT),
        name: "Edit and replay",
        terms: html! {
            (terms)
            p { "Before that it is checked whether the body is an event of " code { (letter.brief.subject) } "." }
        },
        fields: &[Field::new("body", "Body", Kind::Lines(12)).value(&letter.body).required(), note(false)],
        fixed: &[],
        is_final: false,
    };
    let discard = Deed {
        form: DISCARD,
        operation: Some("discardDeadLetter"),
        action: action(DISCARD),
        name: "Discard",
        terms: html! {
            p {
                "Dead letter #" (sequence) " is taken away: what it asked " (consumer) " for is never done. It is kept in "
                "the audit."
            }
            p { "You decide, since a dead letter waits for a person." }
        },
        fields: &[note(true)],
        fixed: &[],
        is_final: true,
    };
    html! {
        div.deeds {
            @if whole { (replay.shown(reader, again)) }
            (edit.shown(reader, again))
            (discard.shown(reader, again))
        }
    }
}

#[cfg(test)]
pub(in crate::pages) mod tests {
    use common::{event::Timestamp, operator::DeadLetterBrief};
    use page_kit::Posted;

    use super::*;
    use crate::failure::Failure;

    pub(in crate::pages) fn letter() -> DeadLetter {
        DeadLetter {
            brief: DeadLetterBrief {
                sequence: 7,
                group: "g".into(),
                consumer: "orders-payment-created".into(),
                subject: "payment:created".into(),
                reason: "<script>alert(1)</script>".into(),
                order: None,
                at: Timestamp::from_millis(0),
                replays: 1,
            },
            stream: "t-payments".into(),
            stream_sequence: 1_234,
            published_at: "2026-01-31T12:00:00.123456789Z".into(),
            headers: [("Nats-Msg-Id".to_owned(), vec!["</td><script>".to_owned()])].into(),
            body: r#"{"id":"</pre><script>"}"#.into(),
            exact: true,
            cut_from: None,
            trace_id: Some("abc".into()),
            problem: Some("missing field `orderId`".into()),
        }
    }

    fn shown(letter: &DeadLetter, again: &Again) -> String {
        page(letter, &Reader::operator(), again).body.into_string()
    }

    #[test]
    fn the_body_is_shown_laid_out_and_as_it_is_and_nothing_of_it_is_markup() {
        let html = shown(&letter(), &Again::default());
        assert!(!html.contains("<script>"), "{html}");
        for part in [
            "{\n  &quot;id&quot;",
            "missing field `orderId`",
            "replayDeadLetter",
            "discardDeadLetter",
            "1,234",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }

    #[test]
    fn what_was_cut_can_only_be_replayed_with_another_body() {
        let cut = DeadLetter { exact: false, cut_from: Some(9_000_000), ..letter() };
        let html = shown(&cut, &Again::default());
        assert!(
            !html.contains(r#"action="/dead-letters/7/replay""#)
                && html.contains(r#"action="/dead-letters/7/edit""#),
            "{html}"
        );
    }

    #[tokio::test]
    async fn a_wrong_body_is_shown_again_with_the_place_at_the_field() {
        use axum::extract::{FromRequest as _, Request};
        let request = Request::post("/")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("body=%7B%22id%22%3A5%7D".into())
            .unwrap();
        let Ok(posted) = Posted::<16_384>::from_request(request, &()).await;
        let again =
            Again::new(EDIT, posted, &Failure::field("body", "invalid type at `id`, line 1 column 7"));
        let html = shown(&letter(), &again);
        for part in [
            r#"<details class="deed" open>"#,
            "{&quot;id&quot;:5}",
            r##"href="#edit-body""##,
            r#"id="edit-body-error">invalid type at `id`"#,
            r#"aria-invalid="true""#,
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
}
