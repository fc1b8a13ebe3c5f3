//! `/signin`

use maud::html;

use super::super::{
    again::Again,
    deed::Deed,
    field::{Field, Kind},
    page::Page,
    reader::Reader,
};

pub(in crate::pages) const SIGN_IN: &str = "signin";

/// The page; `next` is where one comes back to.
pub(in crate::pages) fn page(next: &str, reader: &Reader, again: &Again) -> Page {
    let deed = Deed {
        form: SIGN_IN,
        operation: None,
        action: String::from("/signin"),
        name: "Sign in",
        terms: html! { p { "With the token that you were given: a viewer sees everything, an operator acts too." } },
        fields: &[Field::new("key", "Token", Kind::Secret).required()],
        fixed: &[("next", next)],
        is_final: false,
    };
    let body = html! {
        section.card.narrow {
            h1 { "Sign in" }
            (again.summary(&["key"]))
            (deed.bare(reader, again))
        }
    };
    Page::new("Sign in", body)
}
