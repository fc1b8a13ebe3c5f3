//! The events of the document: each with the schema of its type and with the bodies that the contract's tests hold.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use common::event::{
    Event, ExpirationComplete, OrderCancelled, OrderCompleted, OrderCreated, OrderExtended, PaymentCreated,
    PaymentRejected, PaymentSettled, Subject, TicketCreated, TicketUpdated,
};
use common::traceparent::TRACEPARENT;
use messaging::CLAIM;
use serde_json::{Value, json};
use utoipa::{
    ToSchema,
    openapi::{RefOr, Schema},
};

use super::{pascal_case, reference};

/// The schema of every event's headers.
const HEADERS: &str = "EventHeaders";

/// An event type, its schemas, and bodies of it.
pub(super) struct EventType {
    pub(super) subject: Subject,
    /// Its own name and those of its parts.
    schemas: Vec<(String, RefOr<Schema>)>,
    /// What a body shows, and the body.
    examples: &'static [(&'static str, &'static str)],
}

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("../../../common/tests/golden/", $name, ".json"))
    };
}

/// Every event of the contract.
pub(super) fn all() -> [EventType; 10] {
    [
        event::<TicketCreated>(&[("for sale", golden!("ticket_created"))]),
        event::<TicketUpdated>(&[
            ("reserved", golden!("ticket_updated_reserved")),
            ("free", golden!("ticket_updated_free")),
        ]),
        event::<OrderCreated>(&[("placed", golden!("order_created"))]),
        event::<OrderCancelled>(&[("cancelled", golden!("order_cancelled"))]),
        event::<OrderCompleted>(&[("paid", golden!("order_completed"))]),
        event::<OrderExtended>(&[("ten minutes more", golden!("order_extended"))]),
        event::<PaymentRejected>(&[("too late", golden!("payment_rejected"))]),
        event::<ExpirationComplete>(&[("time is over", golden!("expiration_complete"))]),
        event::<PaymentCreated>(&[("authorised", golden!("payment_created"))]),
        event::<PaymentSettled>(&[("captured", golden!("payment_settled"))]),
    ]
}

fn event<E: Event + ToSchema>(examples: &'static [(&'static str, &'static str)]) -> EventType {
    let mut schemas = vec![(E::name().into_owned(), E::schema())];
    E::schemas(&mut schemas);
    EventType { subject: E::SUBJECT, schemas, examples }
}

/// Name of a subject's message and of its payload's schema: that of the event's type.
pub(super) fn message_name(subject: Subject) -> String {
    pascal_case(subject.as_str())
}

/// The messages, by name.
pub(super) fn messages() -> Result<BTreeMap<String, Value>> {
    all().iter().map(|event| Ok((message_name(event.subject), event.message()?))).collect()
}

/// The schemas of every event, of its parts and of its headers, by name.
pub(super) fn schemas() -> Result<BTreeMap<String, Value>> {
    let mut schemas = BTreeMap::from([(HEADERS.to_owned(), headers())]);
    for (name, schema) in all().into_iter().flat_map(|event| event.schemas) {
        schemas.insert(name, serde_json::to_value(schema)?);
    }
    Ok(schemas)
}

impl EventType {
    fn message(&self) -> Result<Value> {
        let name = message_name(self.subject);
        Ok(json!({
            "name": name,
            "title": self.subject.as_str(),
            "summary": self.summary()?,
            "contentType": "application/json",
            "headers": reference(&format!("components/schemas/{HEADERS}")),
            "payload": reference(&format!("components/schemas/{name}")),
            "examples": self.examples()?,
        }))
    }

    /// The first paragraph of what the type says of itself.
    pub(super) fn summary(&self) -> Result<String> {
        let (name, schema) = self.schemas.first().context("an event has a schema")?;
        let schema = serde_json::to_value(schema)?;
        let text = schema["description"].as_str().with_context(|| format!("{name} has no doc comment"))?;
        Ok(text.split("\n\n").next().unwrap_or(text).replace('\n', " "))
    }

    fn examples(&self) -> Result<Vec<Value>> {
        let example = |&(name, body): &(&str, &str)| {
            let payload: Value =
                serde_json::from_str(body).with_context(|| format!("an example of {}", self.subject))?;
            Ok(json!({ "name": name, "headers": self.example_headers(&payload), "payload": payload }))
        };
        self.examples.iter().map(example).collect()
    }

    fn example_headers(&self, payload: &Value) -> Value {
        let id = match self.subject {
            Subject::ExpirationComplete => {
                format!("{}:{}", self.subject, payload["orderId"].as_str().unwrap_or(""))
            }
            _ => "65e0a3f0c1d2e3f40516273b".to_owned(),
        };
        if self.subject == Subject::ExpirationComplete {
            // It is joined to its order by the order's id.
            return json!({ MESSAGE_ID: id, CLAIM.to_string(): "1769860799998 expiration-1" });
        }
        json!({
            MESSAGE_ID: id,
            TRACEPARENT: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        })
    }
}

const MESSAGE_ID: &str = "Nats-Msg-Id";

fn headers() -> Value {
    json!({
        "type": "object",
        "description": "The headers of an event.",
        "properties": {
            MESSAGE_ID: {
                "type": "string",
                "minLength": 1,
                "description": "A stable id of the fact, the same each time it is published: within the duplicate \
                                window the broker stores it once. Always there in what this fleet publishes.",
            },
            TRACEPARENT: {
                "type": "string",
                "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
                "description": "W3C trace context of the request that caused the event. Left out where there is none.",
            },
            CLAIM.to_string(): {
                "type": "string",
                "pattern": "^[0-9]+ .+$",
                "description": "Of an `expiration:complete`: when its timer was claimed, in ms since the epoch by the \
                                worker's clock, and which worker that was. It decides nothing, and older releases leave it out.",
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_of_the_contract_has_its_type_in_the_document() {
        assert_eq!(all().map(|event| event.subject), Subject::ALL);
    }

    #[test]
    fn a_message_is_named_for_its_type() {
        for event in all() {
            assert_eq!(event.schemas[0].0, message_name(event.subject));
        }
    }

    #[test]
    fn every_field_of_every_example_is_described() {
        let schemas = schemas().unwrap();
        for event in all() {
            for example in event.examples().unwrap() {
                let schema = &schemas[&message_name(event.subject)];
                for (field, _) in example["payload"].as_object().unwrap() {
                    // That of an optional field is beside the reference in its `oneOf`.
                    let described = schema["properties"][field].to_string().contains("\"description\"");
                    assert!(described, "{}: {field}", event.subject);
                }
            }
        }
    }

    #[test]
    fn no_description_has_the_form_of_a_link_between_types() {
        for (name, schema) in schemas().unwrap() {
            assert!(!schema.to_string().contains("[`"), "{name}: {schema}");
        }
    }
}
