//! The dead letters in the document: a channel with one address for each message that was given up.

use common::{Service, event::Subject};
use messaging::{
    dead_letter_header as header,
    topology::{dead_letter_subject, durable_name},
};
use serde_json::{Value, json};

use super::{reference, topology};

/// Key of the channel.
pub(super) const CHANNEL: &str = "deadLetter";
/// Name of the message.
pub(super) const MESSAGE: &str = "DeadLetter";
/// Name of the schema of its headers.
pub(super) const HEADERS: &str = "DeadLetterHeaders";

/// The channel: a subject for each consumer and message.
pub(super) fn channel() -> Value {
    json!({
        "address": address(),
        "title": "Dead letters",
        "summary": "What could not be handled, each message once.",
        "description": "A consumer stores a message here, and awaits the answer, before it gives it up. Nothing \
                        listens: somebody has to look. The stream refuses when it is full rather than drop.",
        "servers": [reference("servers/nats")],
        "parameters": {
            "consumer": {
                "description": "The durable consumer that gave the message up.",
                "enum": consumers(),
            },
            "sequence": {
                "description": "The message's sequence in the stream that it came from.",
                "examples": ["1234"],
            },
        },
        "messages": { MESSAGE: reference(&format!("components/messages/{MESSAGE}")) },
        "x-jetstream": { "stream": topology::default().dead_letter_stream_name() },
    })
}

fn address() -> String {
    let of_a_message = dead_letter_subject("{consumer}", 0);
    of_a_message.trim_end_matches('0').to_owned() + "{sequence}"
}

/// Every durable consumer.
fn consumers() -> Vec<String> {
    let of =
        |subject: Subject| subject.listeners().iter().map(move |listener| durable_name(*listener, subject));
    Subject::ALL.into_iter().flat_map(of).collect()
}

/// The message: the one that was given up, with why and where it came from.
pub(super) fn message() -> Value {
    json!({
        "name": MESSAGE,
        "title": "Dead letter",
        "summary": "A message that could not be decoded, was rejected, or was refused too often.",
        "contentType": "application/octet-stream",
        "headers": reference(&format!("components/schemas/{HEADERS}")),
        "payload": {
            "description": "The body as it came, which may be anything; cut where it did not fit beside the headers.",
        },
        "examples": [{
            "name": "undecodable",
            "headers": {
                header::STREAM: topology::default().stream_name(Subject::OrderCreated.publisher()),
                header::SEQUENCE: "1234",
                header::SUBJECT: Subject::OrderCreated.as_str(),
                header::PUBLISHED: "2026-01-31T12:00:00.123456789Z",
                header::CONSUMER: durable_name(Service::Expiration, Subject::OrderCreated),
                header::REASON: "the body is not a valid order:created: expected value at line 1 column 1",
                format!("{}Nats-Msg-Id", header::ORIGINAL): "65e0a3f0c1d2e3f40516273b",
            },
            "payload": "not JSON",
        }],
    })
}

/// The schema of its headers, all of which are texts.
pub(super) fn headers() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let number =
        |description: &str| json!({ "type": "string", "pattern": "^[0-9]+$", "description": description });
    json!({
        "type": "object",
        "description": "Where a dead letter came from and why it is here.",
        "required": [
            header::STREAM, header::SEQUENCE, header::SUBJECT, header::PUBLISHED, header::CONSUMER, header::REASON,
        ],
        "properties": {
            header::STREAM: text("The stream that the message came from."),
            header::SEQUENCE: number("Its sequence there."),
            header::SUBJECT: text("Its subject."),
            header::PUBLISHED: text("When it was stored there, RFC 3339 with nanoseconds."),
            header::CONSUMER: text("The durable consumer that gave it up."),
            header::REASON: text("Why, in one line."),
            header::REPLAYS: number("How often an operator had it replayed before; left out: never."),
            header::CUT_FROM: number("Length of the original body in bytes, where it did not fit and was cut."),
        },
        "patternProperties": {
            format!("^{}", header::ORIGINAL): text("A header of the original message."),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_has_a_place_for_the_consumer_and_one_for_the_sequence() {
        assert_eq!(address(), "dead-letter.{consumer}.{sequence}");
    }

    #[test]
    fn every_listener_has_a_place_for_what_it_gives_up() {
        let listeners = Subject::ALL.iter().map(|subject| subject.listeners().len()).sum::<usize>();
        assert_eq!(consumers().len(), listeners);
        for consumer in ["expiration-order-created", "payments-order-completed"] {
            assert!(consumers().contains(&consumer.to_owned()), "{consumer}");
        }
    }
}
