//! What each service may do on the broker, from the topology: publish its own subjects, use its own consumers, make what
//! is missing of them, and nothing else. Written into the broker's configuration by `cargo xtask nats-permissions`.
//!
//! Source: the JetStream API's subjects, <https://docs.nats.io/reference/reference-protocols/nats_api_reference>, and
//! ADR-15 for the subjects of acks.

mod console;

use std::{collections::BTreeSet, fmt};

use super::topology::{
    self, Topology, dead_letter_subject, durable_name, overflow_consumer, overflow_name, replays_consumer,
    replays_name,
};
use common::{Service, event::Subject};

/// The prefix of a service's reply subjects: of its own, so that no other service can listen to its answers.
pub(super) fn inbox_prefix(service: Service) -> String {
    format!("_INBOX.{service}")
}

/// Subjects that a service's user is allowed; anything else is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// To publish to.
    pub publish: Vec<String>,
    /// To listen to.
    pub subscribe: Vec<String>,
}

impl Permissions {
    /// What this service needs.
    pub fn of(topology: &Topology, service: Service) -> Self {
        if service == Service::Console {
            let subscribe = vec![format!("{}.>", inbox_prefix(service))];
            return Self { publish: console::publish(topology), subscribe };
        }
        if !service.is_on_the_broker() {
            return Self {
                publish: Vec::new(),
                subscribe: overheard(service).map(|it| it.to_string()).collect(),
            };
        }
        let mut publish: Vec<String> = Subject::ALL
            .into_iter()
            .filter(|subject| subject.publisher() == service)
            .map(|subject| subject.to_string())
            .collect();
        for stream in topology.streams_of(service) {
            publish.extend(["INFO", "CREATE"].map(|verb| format!("$JS.API.STREAM.{verb}.{}", stream.name)));
        }
        if service.may_be_in_another_language() {
            // Clients in other languages ask what the account may do before anything else.
            publish.push("$JS.API.INFO".to_owned());
        }
        let overflow = topology.overflow_stream_name();
        publish.extend(["INFO", "CREATE"].map(|verb| format!("$JS.API.STREAM.{verb}.{overflow}")));
        // Made by `console`, with the first replay.
        publish.push(format!("$JS.API.STREAM.INFO.{}", topology.replays_stream_name()));
        // Whether a dead letter is there already.
        publish.push(format!("$JS.API.STREAM.MSG.GET.{}", topology.dead_letter_stream_name()));
        publish.extend(
            looked_into(service)
                .map(|publisher| format!("$JS.API.STREAM.MSG.GET.{}", topology.stream_name(publisher))),
        );
        for subject in Subject::ALL.into_iter().filter(|subject| subject.listeners().contains(&service)) {
            publish.extend(of_consumer(topology, service, subject));
        }
        publish.extend(of_losses(topology, service));
        publish.extend(
            topology::reread(service)
                .iter()
                .flat_map(|publisher| of_rereading(topology, service, *publisher)),
        );
        Self { publish, subscribe: vec![format!("{}.>", inbox_prefix(service))] }
    }

    /// What a person needs who changes the topology, looks into it or backs it up: JetStream whole, but no event.
    pub fn of_admin() -> Self {
        let publish = ["$JS.API.>", "$JS.ACK.>", "$JS.SNAPSHOT.>"].map(str::to_owned).to_vec();
        Self { publish, subscribe: vec!["_INBOX.admin.>".to_owned()] }
    }
}

/// The publishers in whose streams a service looks up single messages: whether its own has lost what it told, whether it has seen
/// the last of what others told, and whether what it made its state of is still there.
fn looked_into(service: Service) -> impl Iterator<Item = Service> {
    let watched = topology::watched(service).iter().map(|subject| subject.publisher());
    let all = [service].into_iter().chain(watched).chain(topology::reread(service).iter().copied());
    all.collect::<BTreeSet<_>>().into_iter()
}

/// What a service overhears.
pub(super) fn overheard(service: Service) -> impl Iterator<Item = Subject> {
    Subject::ALL.into_iter().filter(move |subject| subject.overheard_by().contains(&service))
}

/// Looking for a consumer, making it, pulling from it, answering its messages, and giving some of them up.
fn of_consumer(topology: &Topology, service: Service, subject: Subject) -> Vec<String> {
    let stream = topology.stream_name(subject.publisher());
    let durable = durable_name(service, subject);
    [
        format!("$JS.API.CONSUMER.INFO.{stream}.{durable}"),
        format!("$JS.API.CONSUMER.CREATE.{stream}.{durable}.{subject}"),
        format!("$JS.API.CONSUMER.DELETE.{stream}.{durable}"),
        format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"),
        format!("$JS.ACK.{stream}.{durable}.>"),
        // The newer form has the domain and the account's hash before the stream.
        format!("$JS.ACK.*.*.{stream}.{durable}.>"),
        dead_letter_subject(&durable, 0).replace(".0", ".*"),
    ]
    .into_iter()
    .chain(of_overflow(topology, &durable))
    .chain(of_replays(topology, &durable))
    .collect()
}

/// Having those who listen to a service begin again before what its stream has lost: it makes and deletes their consumers, and
/// neither pulls from one nor answers for it.
fn of_losses(topology: &Topology, service: Service) -> Vec<String> {
    let stream = topology.stream_name(service);
    let mut allowed = Vec::new();
    for (listener, subject) in topology::listeners().into_iter().filter(|(_, it)| it.publisher() == service) {
        let durable = durable_name(listener, subject);
        allowed.extend(["INFO", "DELETE"].map(|verb| format!("$JS.API.CONSUMER.{verb}.{stream}.{durable}")));
        allowed.push(format!("$JS.API.CONSUMER.CREATE.{stream}.{durable}.{subject}"));
    }
    allowed
}

/// Reading a stream once more by a consumer of the service's own, which answers nothing.
fn of_rereading(topology: &Topology, service: Service, publisher: Service) -> [String; 3] {
    let (stream, name) = (topology.stream_name(publisher), topology::rebuild_name(service));
    ["CREATE", "MSG.NEXT", "DELETE"].map(|verb| format!("$JS.API.CONSUMER.{verb}.{stream}.{name}"))
}

/// Keeping what the dead letters have no room for, and bringing it there later.
fn of_overflow(topology: &Topology, durable: &str) -> Vec<String> {
    let (stream, name) = (topology.overflow_stream_name(), overflow_name(durable));
    let filter = overflow_consumer(durable).filter_subject;
    let mut allowed = vec![filter.clone()];
    allowed.extend(of_queue(&stream, &name, &filter));
    allowed
}

/// Taking the dead letters that come back.
fn of_replays(topology: &Topology, durable: &str) -> [String; 5] {
    let filter = replays_consumer(durable).filter_subject;
    of_queue(&topology.replays_stream_name(), &replays_name(durable), &filter)
}

fn of_queue(stream: &str, name: &str, filter: &str) -> [String; 5] {
    [
        format!("$JS.API.CONSUMER.INFO.{stream}.{name}"),
        format!("$JS.API.CONSUMER.CREATE.{stream}.{name}.{filter}"),
        format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}"),
        format!("$JS.ACK.{stream}.{name}.>"),
        format!("$JS.ACK.*.*.{stream}.{name}.>"),
    ]
}

/// As the `permissions` of a user in the broker's configuration.
impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, name: &str, subjects: &[String]| {
            // To the broker a list without a subject is none, and everything is allowed.
            if subjects.is_empty() {
                return writeln!(f, "  {name}: {{ deny: \">\" }}");
            }
            writeln!(f, "  {name}: {{ allow: [")?;
            subjects.iter().try_for_each(|subject| writeln!(f, "    \"{subject}\""))?;
            writeln!(f, "  ] }}")
        };
        writeln!(f, "{{")?;
        list(f, "publish", &self.publish)?;
        list(f, "subscribe", &self.subscribe)?;
        write!(f, "}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publish(service: Service) -> Vec<String> {
        Permissions::of(&Topology::new("c", 1), service).publish
    }

    #[test]
    fn a_subject_is_published_by_its_own_service_and_by_no_other() {
        for subject in Subject::ALL {
            for service in Service::ON_THE_BROKER {
                let allowed = publish(service).contains(&subject.to_string());
                assert_eq!(allowed, subject.publisher() == service, "{service} {subject}");
            }
        }
    }

    #[test]
    fn who_only_overhears_publishes_nothing_and_hears_the_events_themselves() {
        let permissions = Permissions::of(&Topology::new("c", 1), Service::Client);
        assert!(permissions.publish.is_empty());
        assert!(permissions.subscribe.contains(&"ticket:updated".to_owned()), "{permissions}");
        assert!(!permissions.to_string().contains("allow: [\n  ]"), "{permissions}");
        // Not who ordered what, nor who is paying.
        for subject in ["order:created", "payment:created"] {
            assert!(!permissions.subscribe.contains(&subject.to_owned()), "{permissions}");
        }
    }

    #[test]
    fn a_consumer_is_used_by_its_own_service_and_by_no_other() {
        for service in Service::ON_THE_BROKER {
            let of_listeners = |subject: &String| {
                ["INFO", "CREATE", "DELETE"]
                    .iter()
                    .any(|verb| subject.starts_with(&format!("$JS.API.CONSUMER.{verb}.c-{service}.")))
            };
            for allowed in publish(service).iter().filter(|subject| subject.starts_with("$JS.API.CONSUMER")) {
                let of_its_own = allowed.contains(&format!(".{service}-"));
                assert!(of_its_own || of_listeners(allowed), "{service}: {allowed}");
            }
        }
        assert!(
            publish(Service::Tickets)
                .contains(&"$JS.API.CONSUMER.MSG.NEXT.c-orders.tickets-order-created".to_owned())
        );
    }

    #[test]
    fn only_console_replays_and_keeps_the_audit_and_it_publishes_no_event() {
        for service in Service::USERS_OF_THE_BROKER {
            let is_console = service == Service::Console;
            for begin in ["replay.", "audit.", "$JS.API.STREAM.MSG.DELETE."] {
                let may = publish(service).iter().any(|subject| subject.starts_with(begin));
                assert_eq!(may, is_console, "{service} {begin}");
            }
        }
        let allowed = publish(Service::Console);
        assert!(Subject::ALL.iter().all(|subject| !allowed.contains(&subject.to_string())));
        // Whoever may make a consumer may change that of another.
        let consumers =
            allowed.iter().filter(|subject| subject.contains(".CONSUMER.") && !subject.contains(".INFO."));
        assert_eq!(
            consumers.collect::<Vec<_>>(),
            [
                "$JS.API.CONSUMER.CREATE.c-dead-letters",
                "$JS.API.CONSUMER.CREATE.c-audit",
                "$JS.API.CONSUMER.MSG.NEXT.c-dead-letters.*"
            ]
        );
    }

    #[test]
    fn the_user_of_a_service_that_may_be_in_another_language_may_ask_about_its_account_and_no_other() {
        for service in Service::ON_THE_BROKER {
            let asks = publish(service).contains(&"$JS.API.INFO".to_owned());
            assert_eq!(asks, service == Service::Payments, "{service}");
        }
    }

    #[test]
    fn nobody_deletes_purges_or_reads_what_is_not_for_him() {
        for service in Service::ON_THE_BROKER {
            // Consumers of those who listen to it, and its own.
            let begins_again = |allowed: &str| {
                let name =
                    allowed.strip_prefix("$JS.API.CONSUMER.DELETE.").and_then(|name| name.split_once('.'));
                name.is_some_and(|(stream, durable)| {
                    stream == format!("c-{service}") || durable.starts_with(&format!("{service}-"))
                })
            };
            for allowed in publish(service).into_iter().filter(|allowed| !begins_again(allowed)) {
                for verb in ["DELETE", "PURGE", "UPDATE", "DIRECT", "LIST", "NAMES", "SNAPSHOT"] {
                    assert!(!allowed.contains(verb), "{service}: {allowed}");
                }
                let is_watched = service == Service::Orders && allowed.ends_with(".c-payments")
                    || service == Service::Expiration && allowed.ends_with(".c-orders");
                assert!(
                    !allowed.contains("MSG.GET")
                        || is_watched
                        || allowed.ends_with(&format!(".c-{service}"))
                        || allowed.ends_with(".c-dead-letters"),
                    "{service}: {allowed}"
                );
            }
        }
    }

    #[test]
    fn a_service_begins_the_consumers_of_its_own_stream_again_and_its_own_and_no_others() {
        let deletes = |service: Service| -> Vec<String> {
            let begin = "$JS.API.CONSUMER.DELETE.";
            publish(service).iter().filter_map(|it| it.strip_prefix(begin)).map(str::to_owned).collect()
        };
        let listens = |service: Service| {
            let of_it = topology::listeners().into_iter().filter(move |(listener, _)| *listener == service);
            of_it.map(|(listener, subject)| {
                format!("c-{}.{}", subject.publisher(), durable_name(listener, subject))
            })
        };
        let others = |service: Service| -> Vec<String> {
            let own: Vec<String> = listens(service).collect();
            let deletes = deletes(service);
            assert!(own.iter().all(|name| deletes.contains(name)), "{service}: {deletes:?}");
            deletes.into_iter().filter(|name| !own.contains(name)).collect()
        };
        assert_eq!(
            others(Service::Payments),
            ["c-payments.orders-payment-created", "c-payments.orders-payment-settled"]
        );
        assert_eq!(
            others(Service::Expiration),
            [
                "c-expiration.orders-expiration-complete",
                "c-orders.expiration-rebuild",
                "c-expiration.expiration-rebuild"
            ]
        );
        for service in Service::ON_THE_BROKER {
            for name in deletes(service) {
                assert!(
                    publish(service).iter().any(|it| it.contains(&format!("CONSUMER.CREATE.{name}"))),
                    "{name}"
                );
            }
        }
    }
}
