//! The streams, against the topology.

use common::operator::StreamState;
use maud::{Markup, html};

use super::{
    super::{
        live,
        table::{nothing, table},
        words,
    },
    topology::judged,
};

const COLUMNS: [&str; 6] = ["Stream", "Messages", "Size", "Limit", "Last sequence", "As it should be"];

/// Each stream.
pub(super) fn table_of(streams: &[StreamState]) -> Markup {
    let rows = html! {
        @for stream in streams {
            tr {
                th scope="row" { (stream.name) }
                td.number { (live::count(&format!("streams/{}/messages", stream.name), stream.messages)) }
                td.number { (live::bytes(&format!("streams/{}/bytes", stream.name), stream.bytes)) }
                td.number { (if stream.bytes_limit == 0 { String::from("none") } else { words::bytes(stream.bytes_limit) }) }
                td.number { (live::count(&format!("streams/{}/lastSequence", stream.name), stream.last_sequence)) }
                td { (judged(stream.exists, stream.optional, &stream.differences)) }
            }
        }
    };
    html! { @if streams.is_empty() { (nothing("The broker does not answer.")) } @else { (table("Streams", &COLUMNS, &rows)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_may_be_missing_is_not_wrong() {
        let stream = StreamState {
            name: "t-audit".into(),
            exists: false,
            optional: true,
            messages: 0,
            bytes: 0,
            bytes_limit: 1 << 30,
            last_sequence: 0,
            differences: vec![],
        };
        let html = table_of(&[stream]).into_string();
        assert!(
            html.contains("not there yet") && html.contains("1.0 GiB") && !html.contains("wrong"),
            "{html}"
        );
    }
}
