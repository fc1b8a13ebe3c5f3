//! `/consumers`: who listens to what, and how far behind; streams, outboxes and services beside it.

use common::operator::Status;
use maud::html;

use super::{
    super::{again::Again, page::Page, reader::Reader},
    consumer_table, figures, processes, retell, streams,
};

/// The page.
pub(in crate::pages) fn page(status: &Status, reader: &Reader, again: &Again) -> Page {
    let body = html! {
        (again.summary(&["since", "note"]))
        h1 { "Consumers, streams and services" }
        (figures::switch(status))
        h2 { "Consumers" }
        (consumer_table::table_of(&status.consumers))
        h2 #streams { "Streams" }
        (streams::table_of(&status.streams))
        h2 #outboxes { "Outboxes" }
        (processes::outboxes(&status.outboxes))
        (retell::section(reader, again))
        h2 #services { "Services" }
        (processes::services(&status.services, reader))
    };
    Page { live: Some("/api/live"), ..Page::new("Consumers", body) }
}
