//! The document as a whole.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};

use super::{camel_case, dead_letters, events, operations, reference, topology};

const DESCRIPTION: &str = "\
What the services of the ticketing platform tell each other over NATS JetStream.

Bodies are bare JSON in camelCase. Delivery is at least once and in no promised order, so every listener is idempotent; \
each event says by what. Readers ignore fields that they do not know, and only optional ones may ever be added.

A colon is legal in a NATS subject but separates no tokens: `order:*` is a literal that matches nothing, without an \
error. Listen to each subject by its name.";

/// The whole document.
pub(super) fn document() -> Result<Value> {
    let mut messages = events::messages()?;
    messages.insert(dead_letters::MESSAGE.to_owned(), dead_letters::message());
    let mut schemas = events::schemas()?;
    schemas.insert(dead_letters::HEADERS.to_owned(), dead_letters::headers());
    Ok(json!({
        "asyncapi": "3.0.0",
        "id": "urn:ticketing:events",
        "info": {
            "title": "Ticketing events",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": { "name": env!("CARGO_PKG_LICENSE") },
        },
        "defaultContentType": "application/json",
        "servers": topology::servers()?,
        "channels": channels()?,
        "operations": operations::all()?,
        "components": { "messages": messages, "schemas": schemas },
    }))
}

fn channels() -> Result<BTreeMap<String, Value>> {
    let mut channels = BTreeMap::from([(dead_letters::CHANNEL.to_owned(), dead_letters::channel())]);
    for event in events::all() {
        channels.insert(camel_case(event.subject.as_str()), channel(&event)?);
    }
    Ok(channels)
}

fn channel(event: &events::EventType) -> Result<Value> {
    let (subject, message) = (event.subject, events::message_name(event.subject));
    Ok(json!({
        "address": subject.as_str(),
        "title": subject.as_str(),
        "summary": event.summary()?,
        "servers": [reference("servers/nats")],
        "messages": { &message: reference(&format!("components/messages/{message}")) },
        "x-jetstream": { "stream": topology::default().stream_name(subject.publisher()) },
    }))
}

#[cfg(test)]
mod tests {
    use common::event::Subject;

    use super::*;

    #[test]
    fn every_subject_is_the_address_of_a_channel_in_the_stream_of_its_publisher() {
        let document = document().unwrap();
        for subject in Subject::ALL {
            let channel = &document["channels"][camel_case(subject.as_str())];
            assert_eq!(channel["address"], subject.as_str());
            let stream = channel["x-jetstream"]["stream"].as_str().unwrap();
            let streams = &document["servers"]["nats"]["x-jetstream"]["streams"];
            let subjects = streams[stream]["subjects"].as_array().unwrap();
            assert!(subjects.contains(&subject.as_str().into()), "{subject} is not in {stream}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document().unwrap();
        let mut found = 0;
        visit(&document, &mut |reference| {
            found += 1;
            let place = document.pointer(reference.trim_start_matches('#'));
            assert!(place.is_some(), "{reference} leads nowhere");
        });
        assert!(found > 50, "only {found} references");
    }

    fn visit(value: &Value, reference: &mut impl FnMut(&str)) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(path)) = fields.get("$ref") {
                    reference(path);
                }
                fields.values().for_each(|field| visit(field, reference));
            }
            Value::Array(items) => items.iter().for_each(|item| visit(item, reference)),
            _ => {}
        }
    }
}
