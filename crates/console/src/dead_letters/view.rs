//! Dead letters as operators see them.

use common::{
    event::{Subject, Timestamp},
    operator::{DeadLetter, DeadLetterBrief},
    traceparent::{TRACEPARENT, Traceparent},
};
use messaging::{Letter, check_event};

use super::order;

pub(super) fn brief(letter: &Letter, group: String) -> DeadLetterBrief {
    DeadLetterBrief {
        sequence: letter.sequence,
        group,
        consumer: letter.consumer().to_owned(),
        subject: letter.subject().to_owned(),
        reason: letter.reason().to_owned(),
        order: order::named(letter.subject(), &letter.payload),
        at: Timestamp::from_millis(letter.stored_ns / 1_000_000),
        replays: letter.replays(),
    }
}

pub(super) fn whole(letter: &Letter, group: String) -> DeadLetter {
    let headers = letter.original_headers();
    let trace = headers.get(TRACEPARENT).and_then(|values| values.first());
    let trace_id = trace.and_then(|text| text.parse::<Traceparent>().ok()).map(|trace| trace.trace_id());
    let cut_from = letter.cut_from();
    DeadLetter {
        brief: brief(letter, group),
        stream: letter.stream().to_owned(),
        stream_sequence: letter.stream_sequence(),
        published_at: letter.published_at().to_owned(),
        headers,
        body: String::from_utf8_lossy(&letter.payload).into_owned(),
        exact: cut_from.is_none() && std::str::from_utf8(&letter.payload).is_ok(),
        cut_from,
        trace_id,
        problem: problem(letter),
    }
}

/// What is wrong with the body as an event of its subject.
fn problem(letter: &Letter) -> Option<String> {
    if let Some(length) = letter.cut_from() {
        return Some(format!("only the beginning of the body was kept, of {length} bytes"));
    }
    match letter.subject().parse::<Subject>() {
        Ok(subject) => check_event(subject, &letter.payload).err().map(|invalid| invalid.to_string()),
        Err(_) => Some(format!("{:?} is no subject of the contract", letter.subject())),
    }
}
