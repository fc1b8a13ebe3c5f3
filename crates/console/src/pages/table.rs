//! A table, which moves sideways by itself where there is no room for it.

use maud::{Markup, html};

/// A table of this name, which no other one of the page has.
pub(super) fn table(name: &str, columns: &[&str], rows: &Markup) -> Markup {
    html! {
        div.scroll role="region" aria-label=(name) tabindex="0" {
            table {
                caption.hidden { (name) }
                thead { tr { @for column in columns { th scope="col" { (column) } } } }
                tbody { (rows) }
            }
        }
    }
}

/// A name and what is to be said of it.
pub(super) fn facts(facts: &[(&str, Markup)]) -> Markup {
    html! {
        dl.facts { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } }
    }
}

/// What stands in place of a table without rows.
pub(super) fn nothing(text: &str) -> Markup {
    html! { p.nothing { (text) } }
}
