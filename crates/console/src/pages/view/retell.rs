//! Telling again by hand what a service has told before.

use maud::{Markup, html};

use super::super::{
    again::Again,
    deed::Deed,
    field::{Field, Kind, note},
    reader::Reader,
};

pub(in crate::pages) const RETELL: &str = "retell";
const SERVICES: [&str; 3] = ["orders", "tickets", "payments"];

/// The form that counts; nothing for a reader who may not act.
pub(super) fn section(reader: &Reader, again: &Again) -> Markup {
    let chosen = again.text(RETELL, "service").unwrap_or(SERVICES[0]);
    let terms = html! {
        p {
            "Nothing is done yet: you see how many events it would be, and confirm with their count. Then the service tells "
            "again, as it is now, all that has changed since that time. Listeners know what they have had, so it is done once."
        }
        p {
            "The service decides, since they are its events. When the broker has lost some, it tells them again by itself: by "
            "hand it is for a doubt, or for a listener that has lost what it had taken."
        }
        fieldset {
            legend { "Whose events" }
            @for service in SERVICES {
                label.check for={ "retell-" (service) } {
                    input id={ "retell-" (service) } type="radio" name="service" value=(service) checked[chosen == service];
                    (service)
                }
            }
        }
    };
    let fields = [
        Field::new("since", "Changed since", Kind::Text)
            .hint("How long ago, such as 2h, or an instant in UTC such as 2026-01-31T12:00:00.")
            .required(),
        note(false),
    ];
    let deed = Deed {
        form: RETELL,
        operation: Some("planOperation"),
        action: String::from("/consumers/retell"),
        name: "Tell events again",
        terms,
        fields: &fields,
        fixed: &[],
        is_final: false,
    };
    html! { div.deeds { (deed.shown(reader, again)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_chooses_whose_events_and_since_when_and_a_viewer_nothing() {
        let html = section(&Reader::operator(), &Again::default()).into_string();
        for part in [
            r#"action="/consumers/retell""#,
            r#"type="radio" name="service" value="orders" checked"#,
            r#"value="payments""#,
            r#"name="since""#,
            "Nothing is done yet",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(!section(&Reader::viewer(), &Again::default()).into_string().contains("<form"));
    }
}
