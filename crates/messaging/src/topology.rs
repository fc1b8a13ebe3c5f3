//! Streams and consumers as data: the one place that names them.
//!
//! One stream for each publishing service, one for the dead letters and one for the audit; one durable consumer for each pair
//! of a subject and a service that listens to it. A service has what it publishes and listens to created where missing, and
//! changes nothing that is there: that is for the command `topology`. Nothing deletes any of it.

mod operators;

use std::time::Duration;

use async_nats::jetstream::{consumer, stream};

use common::{Service, event::Subject};

pub use operators::{AUDIT_PREFIX, audit_subject, replay_subject, replays_consumer, replays_name};

/// How long the broker remembers the ids of stored messages.
pub const DUPLICATE_WINDOW: Duration = Duration::from_secs(2 * 60);
/// How long a delivered message may stay unanswered before it is delivered again.
pub const ACK_WAIT: Duration = Duration::from_secs(30);
/// How many messages may be delivered and not yet answered, over all replicas of a service.
pub const MAX_ACK_PENDING: i64 = 10_000;
/// How long events are kept for replay. Tickets are master data and dead letters wait for a person: both stay.
pub const MAX_AGE: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The dead letters refuse to take more than this rather than drop the oldest.
pub const MAX_DEAD_LETTERS: i64 = 1_000_000;
/// What each stream may take of the broker's store unless told otherwise: all of them have to fit in.
pub const STREAM_BYTES: i64 = 1 << 30;

/// Names and settings of everything on the broker that belongs to one cluster id.
#[derive(Clone, Debug)]
pub struct Topology {
    cluster: String,
    replicas: usize,
    stream_bytes: i64,
}

impl Topology {
    /// `cluster` is the prefix of the stream names, `replicas` the copies of a stream that has to be created.
    pub fn new(cluster: impl Into<String>, replicas: usize) -> Self {
        Self { cluster: cluster.into(), replicas, stream_bytes: STREAM_BYTES }
    }

    /// With another limit on the bytes of each stream.
    #[must_use]
    pub fn with_stream_bytes(self, stream_bytes: i64) -> Self {
        Self { stream_bytes, ..self }
    }

    /// Name of the stream that a service publishes to.
    pub fn stream_name(&self, publisher: Service) -> String {
        format!("{}-{publisher}", self.cluster)
    }

    /// Name of the stream that keeps what could not be handled.
    pub fn dead_letter_stream_name(&self) -> String {
        format!("{}-dead-letters", self.cluster)
    }

    /// The stream that a service publishes to.
    pub fn stream(&self, publisher: Service) -> stream::Config {
        let subjects = Subject::ALL.iter().filter(|subject| subject.publisher() == publisher);
        stream::Config {
            name: self.stream_name(publisher),
            subjects: subjects.map(Subject::to_string).collect(),
            max_age: if publisher == Service::Tickets { Duration::ZERO } else { MAX_AGE },
            ..self.common()
        }
    }

    /// The stream that keeps what could not be handled.
    pub fn dead_letters(&self) -> stream::Config {
        stream::Config {
            name: self.dead_letter_stream_name(),
            subjects: vec![format!("{DEAD_LETTER_PREFIX}.>")],
            max_messages: MAX_DEAD_LETTERS,
            ..self.common()
        }
    }

    /// Name of the stream that takes dead letters which the other has no room for.
    pub fn overflow_stream_name(&self) -> String {
        format!("{}-dead-letters-overflow", self.cluster)
    }

    /// The stream that takes dead letters which the other has no room for. It is made when the first one comes; each is gone
    /// once it is among the others.
    pub fn overflow(&self) -> stream::Config {
        stream::Config {
            name: self.overflow_stream_name(),
            subjects: vec![format!("{OVERFLOW_PREFIX}.>")],
            retention: stream::RetentionPolicy::WorkQueue,
            ..self.common()
        }
    }

    /// The streams of all services, the dead letters and the audit. Called by the command `topology`.
    pub fn streams(&self) -> Vec<stream::Config> {
        let publishes =
            |service: &Service| Subject::ALL.iter().any(|subject| subject.publisher() == *service);
        let publishers = Service::ON_THE_BROKER.into_iter().filter(publishes);
        let events = publishers.map(|publisher| self.stream(publisher));
        events.chain([self.dead_letters(), self.audit()]).collect()
    }

    /// Those that are made when the first message comes that they are for, and may be missing until then.
    pub fn optional_streams(&self) -> [stream::Config; 2] {
        [self.overflow(), self.replays()]
    }

    fn common(&self) -> stream::Config {
        stream::Config {
            storage: stream::StorageType::File,
            // Never WorkQueue: it loses replay, and with it the second listener.
            retention: stream::RetentionPolicy::Limits,
            // A stream that is full refuses its publisher, who keeps what he has to tell. Without a bound one that fills up
            // takes the room of all; and one that drops its oldest loses what was not handled yet.
            max_bytes: self.stream_bytes,
            discard: stream::DiscardPolicy::New,
            duplicate_window: DUPLICATE_WINDOW,
            num_replicas: self.replicas,
            ..stream::Config::default()
        }
    }

    /// The streams that a service publishes to or listens to, and the dead letters; those of `console` are these and the audit.
    pub fn streams_of(&self, service: Service) -> Vec<stream::Config> {
        let mut publishers: Vec<Service> = Subject::ALL
            .iter()
            .filter(|subject| subject.publisher() == service || subject.listeners().contains(&service))
            .map(|subject| subject.publisher())
            .collect();
        publishers.sort_unstable();
        publishers.dedup();
        let audit = (service == Service::Console).then(|| self.audit());
        let events = publishers.into_iter().map(|publisher| self.stream(publisher));
        events.chain([self.dead_letters()]).chain(audit).collect()
    }
}

const DEAD_LETTER_PREFIX: &str = "dead-letter";
const OVERFLOW_PREFIX: &str = "dead-letter-overflow";

/// Name of the consumer by which all replicas of a service bring the overflow of one of theirs to the dead letters.
pub fn overflow_name(durable: &str) -> String {
    format!("{durable}-overflow")
}

/// Subject in the overflow of one message of one consumer. The time at which it was stored is in it, because sequences begin
/// again in a stream that was lost; and how often it was replayed, because it may wait there from before.
pub fn overflow_subject(durable: &str, stream_sequence: u64, published_ns: i64, replays: u32) -> String {
    let again = if replays == 0 { String::new() } else { format!("-{replays}") };
    format!("{OVERFLOW_PREFIX}.{durable}.{stream_sequence}-{published_ns}{again}")
}

/// The consumer of the overflow of one durable consumer.
pub fn overflow_consumer(durable: &str) -> consumer::pull::Config {
    let name = overflow_name(durable);
    consumer::pull::Config {
        durable_name: Some(name.clone()),
        name: Some(name),
        filter_subject: format!("{OVERFLOW_PREFIX}.{durable}.*"),
        ack_policy: consumer::AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        max_deliver: -1,
        ..consumer::pull::Config::default()
    }
}

/// Name of the durable consumer that all replicas of `service` share for one subject.
pub fn durable_name(service: Service, subject: Subject) -> String {
    format!("{service}-{}", subject.as_str().replace(':', "-"))
}

/// The durable consumer that all replicas of `service` share for one subject.
pub fn consumer(service: Service, subject: Subject) -> consumer::pull::Config {
    let name = durable_name(service, subject);
    consumer::pull::Config {
        durable_name: Some(name.clone()),
        name: Some(name),
        filter_subject: subject.to_string(),
        deliver_policy: consumer::DeliverPolicy::All,
        ack_policy: consumer::AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        // Retries are counted by the loop, which alone can tell a refusal from a crash.
        max_deliver: -1,
        max_ack_pending: MAX_ACK_PENDING,
        ..consumer::pull::Config::default()
    }
}

/// The publishers whose streams a service reads once more, to make its state anew.
pub fn reread(service: Service) -> &'static [Service] {
    // Which timers there are is in the one, which of them have fired in the other.
    if service == Service::Expiration { &[Service::Orders, Service::Expiration] } else { &[] }
}

/// Name of the consumer by which a service reads a stream once more.
pub fn rebuild_name(service: Service) -> String {
    format!("{service}-rebuild")
}

/// Who has a durable consumer, and of what, by subject. Called by the command `topology`.
pub fn listeners() -> Vec<(Service, Subject)> {
    let of = |subject: Subject| subject.listeners().iter().map(move |service| (*service, subject));
    Subject::ALL.into_iter().flat_map(of).collect()
}

/// The subjects of which a service looks up the last event, to know whether it has seen all of them.
pub fn watched(service: Service) -> &'static [Subject] {
    // No order's time is over before the payments that came within it are seen.
    if service == Service::Orders { &[Subject::PaymentCreated] } else { &[] }
}

/// Subject of the dead letter of one message of one consumer: its place is unique, so it is stored once.
pub fn dead_letter_subject(durable: &str, stream_sequence: u64) -> String {
    format!("{DEAD_LETTER_PREFIX}.{durable}.{stream_sequence}")
}

/// Says what is wrong with a subject of which a wildcard is only a part of a token: such a subject is a literal
/// that matches nothing, and the server accepts it without an error.
pub fn check_subject(subject: &str) -> Result<(), String> {
    let mut tokens = subject.split('.').peekable();
    while let Some(token) = tokens.next() {
        let last = tokens.peek().is_none();
        match token {
            "" => return Err(format!("subject {subject:?} has an empty token")),
            "*" => {}
            ">" if last => {}
            _ if token.contains(['*', '>', ' ', '\t', '\r', '\n']) => {
                return Err(format!(
                    "subject {subject:?} has a wildcard or white space inside the token {token:?}: a colon separates \
                     no tokens, so name each subject"
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_inside_a_token_is_refused() {
        for subject in ["order:*", "order:>", "*:created", "a.>.b", "a..b", "", "a b"] {
            assert!(check_subject(subject).is_err(), "{subject:?} was accepted");
        }
        for subject in ["order:created", "dead-letter.>", "a.*.b"] {
            assert_eq!(check_subject(subject), Ok(()));
        }
    }

    #[test]
    fn every_subject_of_every_stream_and_consumer_is_named_in_full() {
        let topology = Topology::new("ticketing", 1);
        for service in Service::ON_THE_BROKER {
            for stream in topology.streams_of(service) {
                for subject in &stream.subjects {
                    check_subject(subject).unwrap();
                }
            }
        }
        for subject in Subject::ALL {
            for listener in subject.listeners() {
                let consumer = consumer(*listener, subject);
                check_subject(&consumer.filter_subject).unwrap();
                assert!(!consumer.filter_subject.contains(['*', '>']));
            }
        }
    }

    #[test]
    fn every_subject_is_in_exactly_the_stream_of_its_publisher() {
        let topology = Topology::new("ticketing", 3);
        for subject in Subject::ALL {
            let holders: Vec<String> = Service::ON_THE_BROKER
                .iter()
                .map(|service| topology.stream(*service))
                .filter(|stream| stream.subjects.contains(&subject.to_string()))
                .map(|stream| stream.name)
                .collect();
            assert_eq!(holders, [topology.stream_name(subject.publisher())]);
        }
    }

    #[test]
    fn a_service_needs_the_streams_it_publishes_and_listens_to_and_the_dead_letters() {
        let topology = Topology::new("c", 1);
        let names = |service| topology.streams_of(service).into_iter().map(|s| s.name).collect::<Vec<_>>();
        assert_eq!(names(Service::Expiration), ["c-orders", "c-expiration", "c-dead-letters"]);
        assert_eq!(
            names(Service::Orders),
            ["c-tickets", "c-orders", "c-expiration", "c-payments", "c-dead-letters"]
        );
    }

    #[test]
    fn every_service_finds_its_streams_and_consumers_among_all_of_them() {
        let topology = Topology::new("c", 1);
        let names: Vec<String> = topology.streams().into_iter().map(|stream| stream.name).collect();
        assert_eq!(
            names,
            ["c-tickets", "c-orders", "c-expiration", "c-payments", "c-dead-letters", "c-audit"]
        );
        for service in Service::USERS_OF_THE_BROKER {
            assert!(
                topology.streams_of(service).iter().all(|stream| names.contains(&stream.name)),
                "{service}"
            );
        }
        assert_eq!(listeners().len(), 15);
    }

    #[test]
    fn a_durable_is_named_for_its_service_and_subject() {
        assert_eq!(durable_name(Service::Expiration, Subject::OrderCreated), "expiration-order-created");
    }
}
