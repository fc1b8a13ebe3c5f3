//! An order's way through the services, as a table.

use common::{event::Timestamp, operator::PathStep};

use crate::{
    shown::{clock, date, signed_span},
    style::Style,
    table::Table,
};

/// A row for each step. Those of another day than the first say which.
pub(super) fn table(path: &[PathStep], style: Style) -> String {
    let day = path.iter().find_map(|step| step.at).map(date).unwrap_or_default();
    let mut table = Table::new(&["step", "service", "at (UTC)", "after", "whose clock", "note"]).right(&[3]);
    for step in path {
        table.row([
            step.step.label().to_owned(),
            step.service.clone(),
            step.at.map_or_else(|| "-".to_owned(), |at| time_of_day(at, &day)),
            step.after_ms.map(signed_span).unwrap_or_default(),
            step.clock.clone().unwrap_or_default(),
            step.note.clone().unwrap_or_default(),
        ]);
    }
    let head = if day.is_empty() { "path".to_owned() } else { format!("path on {day}") };
    format!("{}\n{}", style.bold(&head), table.text(style))
}

fn time_of_day(at: Timestamp, day: &str) -> String {
    let on = date(at);
    if on == day { clock(at) } else { format!("{on} {}", clock(at)) }
}
