//! What each service does: which messages it sends, and which it receives through which durable consumer.

use std::collections::BTreeMap;

use anyhow::Result;
use common::{Service, event::Subject};
use serde_json::{Value, json};

use super::{camel_case, dead_letters, events::message_name, pascal_case, reference, topology};

/// Every operation of every service, by key.
pub(super) fn all() -> Result<BTreeMap<String, Value>> {
    let mut operations = BTreeMap::new();
    for subject in Subject::ALL {
        let publisher = subject.publisher();
        operations.insert(key(publisher, "Send", subject), operation(publisher, "send", subject));
        for listener in subject.listeners() {
            operations.insert(key(*listener, "Receive", subject), receive(*listener, subject)?);
        }
    }
    for listener in Service::ON_THE_BROKER.into_iter().filter(|service| listens(*service)) {
        operations.insert(format!("{listener}SendDeadLetter"), dead_letter(listener));
    }
    Ok(operations)
}

fn key(service: Service, verb: &str, subject: Subject) -> String {
    format!("{service}{verb}{}", pascal_case(subject.as_str()))
}

fn listens(service: Service) -> bool {
    Subject::ALL.iter().any(|subject| subject.listeners().contains(&service))
}

fn operation(service: Service, action: &str, subject: Subject) -> Value {
    let channel = camel_case(subject.as_str());
    json!({
        "action": action,
        "title": format!("{service} {action}s {subject}"),
        "channel": reference(&format!("channels/{channel}")),
        "messages": [reference(&format!("channels/{channel}/messages/{}", message_name(subject)))],
        "tags": [{ "name": service.as_str() }],
    })
}

fn receive(listener: Service, subject: Subject) -> Result<Value> {
    let mut operation = operation(listener, "receive", subject);
    operation["bindings"] = topology::consumer_binding(listener, subject)?;
    Ok(operation)
}

fn dead_letter(listener: Service) -> Value {
    let channel = format!("channels/{}", dead_letters::CHANNEL);
    json!({
        "action": "send",
        "title": format!("{listener} moves a message to the dead letters"),
        "channel": reference(&channel),
        "messages": [reference(&format!("{channel}/messages/{}", dead_letters::MESSAGE))],
        "tags": [{ "name": listener.as_str() }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_publisher_sends_and_every_listener_receives() {
        let operations = all().unwrap();
        for subject in Subject::ALL {
            let sends = &operations[&key(subject.publisher(), "Send", subject)];
            assert_eq!(sends["action"], "send");
            for listener in subject.listeners() {
                let receives = &operations[&key(*listener, "Receive", subject)];
                assert_eq!(receives["action"], "receive");
                assert_eq!(receives["channel"], sends["channel"], "{subject}");
            }
        }
    }

    #[test]
    fn a_listener_receives_through_its_durable_consumer() {
        let operation = &all().unwrap()["expirationReceiveOrderCreated"];
        let binding = &operation["bindings"]["nats"]["x-jetstream"];
        assert_eq!(binding["stream"], "ticketing-orders");
        assert_eq!(binding["consumer"]["durable_name"], "expiration-order-created");
        assert_eq!(binding["consumer"]["filter_subject"], "order:created");
        assert_eq!(binding["consumer"]["ack_wait"], 30_000_000_000_u64);
    }
}
