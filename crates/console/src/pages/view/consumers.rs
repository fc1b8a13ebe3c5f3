//! `/consumers`: who listens to what, and how far behind; streams, outboxes and services beside it.

use common::operator::Status;
use maud::html;

use super::{
    super::{page::Page, reader::Reader},
    consumer_table, figures, processes, streams,
};

/// The page.
pub(in crate::pages) fn page(status: &Status, reader: &Reader) -> Page {
    let body = html! {
        h1 { "Consumers, streams and services" }
        (figures::switch(status))
        h2 { "Consumers" }
        (consumer_table::table_of(&status.consumers))
        h2 { "Streams" }
        (streams::table_of(&status.streams))
        h2 { "Outboxes" }
        (processes::outboxes(&status.outboxes))
        h2 { "Services" }
        (processes::services(&status.services, reader))
    };
    Page { live: Some("/api/live"), ..Page::new("Consumers", body) }
}
