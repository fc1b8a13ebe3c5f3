//! A list of dead letters.

use common::operator::DeadLetterBrief;
use maud::{Markup, html};

use super::super::{link, reader::Reader, table::table, words};

const COLUMNS: [&str; 6] = ["Letter", "Consumer", "Reason", "Order", "Since", "Replays"];

/// The table.
pub(super) fn letters(name: &str, letters: &[DeadLetterBrief], reader: &Reader) -> Markup {
    let rows = html! {
        @for letter in letters {
            tr {
                th scope="row" { a href=(link::letter(letter.sequence)) { "#" (letter.sequence) } }
                td { (letter.consumer) }
                td.text { (letter.reason) }
                td { @if let Some(order) = &letter.order { a.id href=(link::order(order.as_str())) { (order) } } }
                td { (words::near(letter.at, reader.now)) }
                td.number { (letter.replays) }
            }
        }
    };
    table(name, &COLUMNS, &rows)
}
