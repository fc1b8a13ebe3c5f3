//! Is it well? Yes or no, and what needs a person.

use common::operator::{Status, Trouble};
use maud::{Markup, html};

/// In one sentence.
pub(super) fn verdict(status: &Status) -> String {
    let all = status.troubles.len();
    let urgent = status.troubles.iter().filter(|trouble| trouble.urgent).count();
    match (all, urgent) {
        (0, _) if status.well => String::from("Yes: nothing needs a person."),
        (0, _) => String::from("No."),
        (1, 0) => String::from("Not quite: one thing needs a person, and it can wait for the morning."),
        (_, 0) => format!("Not quite: {all} things need a person, and they can wait for the morning."),
        (1, _) => String::from("No: one thing needs a person now."),
        (_, _) => format!("No: {all} things need a person, {urgent} of them now."),
    }
}

/// What a script writes anew when it changes.
pub(super) fn answer(status: &Status) -> Markup {
    let kind = match () {
        () if status.well && status.troubles.is_empty() => "yes",
        () if status.troubles.iter().any(|trouble| trouble.urgent) => "no",
        () => "quite",
    };
    html! {
        section.answer.(kind) #well data-operation="getStatus" {
            h1 { "Is it well?" }
            p.verdict #verdict role="status" { (verdict(status)) }
            ul #troubles { @for trouble in &status.troubles { (item(trouble)) } }
        }
    }
}

fn item(trouble: &Trouble) -> Markup {
    html! {
        li.urgent[trouble.urgent] {
            strong { (if trouble.urgent { "Now: " } else { "Later: " }) } span { (trouble.what) } " "
            span { (trouble.next) } " "
            a href=(page(&trouble.page)) { "See " (page(&trouble.page)) }
        }
    }
}

/// A page of ours, whatever stands there.
fn page(path: &str) -> &str {
    if path.starts_with('/') && !path.starts_with("//") { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::super::overview::tests::status;
    use super::*;

    fn trouble(urgent: bool) -> Trouble {
        Trouble { urgent, what: "<b>x".into(), next: "Do y.".into(), page: "/schedule".into() }
    }

    #[test]
    fn the_answer_is_yes_or_no_and_says_what_cannot_wait() {
        let with = |troubles: Vec<Trouble>| {
            let well = troubles.is_empty();
            answer(&Status { well, troubles, ..status() }).into_string()
        };
        assert!(with(vec![]).contains("Yes: nothing needs a person."));
        let html = with(vec![trouble(true), trouble(false)]);
        assert!(
            html.contains("No: 2 things need a person, 1 of them now.") && html.contains("answer no"),
            "{html}"
        );
        assert!(html.contains("&lt;b&gt;x") && html.contains(r#"href="/schedule""#), "{html}");
        assert!(with(vec![trouble(false)]).contains("can wait for the morning"));
    }

    #[test]
    fn a_trouble_leads_to_own_pages_only() {
        assert_eq!((page("/x"), page("//evil.example"), page("javascript:alert(1)")), ("/x", "/", "/"));
    }
}
