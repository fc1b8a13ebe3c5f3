//! In what a stream or a consumer that is there differs from what this build would create.
//!
//! Services log it and leave everything as it is; only the command `topology` changes it.

use std::{fmt, time::Duration};

use async_nats::jetstream::{
    consumer::{self, DeliverPolicy, pull},
    stream::{self, RetentionPolicy},
};

/// One setting that is not what this build wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its name, such as `ack_wait`.
    pub setting: &'static str,
    /// What the broker has.
    pub found: String,
    /// What this build would create.
    pub wanted: String,
    /// Whether the broker changes it in a stream or a consumer that is there.
    pub in_place: bool,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}, wanted {}", self.setting, self.found, self.wanted)
    }
}

/// Each setting that matters and differs. Called by services, which log it, and by `topology`.
pub fn of_stream(wanted: &stream::Config, found: &stream::Config) -> Vec<Difference> {
    let sorted = |config: &stream::Config| {
        let mut subjects = config.subjects.clone();
        subjects.sort_unstable();
        subjects
    };
    let of_work = [wanted.retention, found.retention].contains(&RetentionPolicy::WorkQueue);
    let fields = [
        difference("subjects", &sorted(wanted), &sorted(found)),
        difference("storage", &wanted.storage, &found.storage).map(fixed),
        difference("retention", &wanted.retention, &found.retention).map(|retention| Difference {
            // Between the other two it is.
            in_place: !of_work,
            ..retention
        }),
        difference("discard", &wanted.discard, &found.discard),
        difference("max_age", &age(wanted.max_age), &age(found.max_age)),
        difference("max_messages", &limit(wanted.max_messages), &limit(found.max_messages)),
        difference(
            "max_messages_per_subject",
            &limit(wanted.max_messages_per_subject),
            &limit(found.max_messages_per_subject),
        ),
        difference("max_bytes", &limit(wanted.max_bytes), &limit(found.max_bytes)),
        difference("duplicate_window", &wanted.duplicate_window, &found.duplicate_window),
        difference("num_replicas", &wanted.num_replicas, &found.num_replicas),
        // What is denied once stays denied.
        difference("deny_delete", &wanted.deny_delete, &found.deny_delete)
            .map(|denied| Difference { in_place: wanted.deny_delete, ..denied }),
        difference("deny_purge", &wanted.deny_purge, &found.deny_purge)
            .map(|denied| Difference { in_place: wanted.deny_purge, ..denied }),
    ];
    fields.into_iter().flatten().collect()
}

/// As [`of_stream`], for a consumer.
pub fn of_consumer(wanted: &pull::Config, found: &consumer::Config) -> Vec<Difference> {
    let filters = |one: &str, more: &[String]| match more {
        [] => Text(one.to_owned()),
        more => Text(format!("{more:?}")),
    };
    let target = found.deliver_subject.clone().unwrap_or_default();
    let fields = [
        // It pushes instead of being pulled from.
        difference("deliver_subject", &Text(String::new()), &Text(target)).map(fixed),
        difference(
            "filter_subject",
            &filters(&wanted.filter_subject, &wanted.filter_subjects),
            &filters(&found.filter_subject, &found.filter_subjects),
        ),
        difference("deliver_policy", &wanted.deliver_policy, &begins_at(found.deliver_policy)).map(fixed),
        difference("ack_policy", &wanted.ack_policy, &found.ack_policy).map(fixed),
        difference("replay_policy", &wanted.replay_policy, &found.replay_policy).map(fixed),
        difference("ack_wait", &wanted.ack_wait, &found.ack_wait),
        difference("max_deliver", &wanted.max_deliver, &found.max_deliver),
        difference("max_ack_pending", &wanted.max_ack_pending, &found.max_ack_pending),
        difference("max_batch", &limit(wanted.max_batch), &limit(found.max_batch)),
        difference("headers_only", &wanted.headers_only, &found.headers_only),
        difference("inactive_threshold", &age(wanted.inactive_threshold), &age(found.inactive_threshold)),
        difference("backoff", &wanted.backoff, &found.backoff),
    ];
    fields.into_iter().flatten().collect()
}

/// A consumer that was begun again behind a loss has that in its settings for good.
fn begins_at(found: DeliverPolicy) -> DeliverPolicy {
    match found {
        DeliverPolicy::ByStartSequence { .. } => DeliverPolicy::All,
        other => other,
    }
}

/// A text that is shown without quotes.
#[derive(PartialEq)]
struct Text(String);

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "none" } else { &self.0 })
    }
}

/// A limit that is not set is 0 in what we ask for and -1 in what the server answers.
fn limit(value: i64) -> Text {
    Text(if value <= 0 { "without limit".to_owned() } else { value.to_string() })
}

fn age(value: Duration) -> Text {
    Text(if value.is_zero() { "without limit".to_owned() } else { format!("{value:?}") })
}

fn fixed(difference: Difference) -> Difference {
    Difference { in_place: false, ..difference }
}

fn difference<T: PartialEq + fmt::Debug>(setting: &'static str, wanted: &T, found: &T) -> Option<Difference> {
    (wanted != found).then(|| Difference {
        setting,
        found: format!("{found:?}"),
        wanted: format!("{wanted:?}"),
        in_place: true,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{topology, topology::Topology};
    use common::{Service, event::Subject};

    fn told(differences: &[Difference]) -> Vec<String> {
        differences.iter().map(Difference::to_string).collect()
    }

    #[test]
    fn a_difference_of_a_stream_names_the_field_and_both_values() {
        let wanted = Topology::new("c", 1).stream(Service::Orders);
        let found = stream::Config {
            duplicate_window: Duration::from_secs(1),
            max_messages: 9,
            num_replicas: 3,
            ..wanted.clone()
        };
        assert_eq!(
            told(&of_stream(&wanted, &found)),
            [
                "max_messages is 9, wanted without limit",
                "duplicate_window is 1s, wanted 120s",
                "num_replicas is 3, wanted 1"
            ]
        );
        let mut same = stream::Config { max_messages: -1, max_messages_per_subject: -1, ..wanted.clone() };
        same.subjects.reverse();
        assert_eq!(of_stream(&wanted, &same), []);
    }

    #[test]
    fn a_difference_of_a_consumer_names_the_field_and_both_values() {
        let wanted = topology::consumer(Service::Orders, Subject::PaymentCreated);
        let same = consumer::Config {
            filter_subject: wanted.filter_subject.clone(),
            ack_policy: wanted.ack_policy,
            ack_wait: wanted.ack_wait,
            max_deliver: -1,
            max_ack_pending: wanted.max_ack_pending,
            ..consumer::Config::default()
        };
        assert_eq!(of_consumer(&wanted, &same), []);
        let begun_again = consumer::Config {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: 7 },
            ..same.clone()
        };
        assert_eq!(of_consumer(&wanted, &begun_again), []);
        let found = consumer::Config {
            ack_wait: Duration::from_secs(5),
            filter_subject: String::new(),
            filter_subjects: vec!["a".to_owned(), "b".to_owned()],
            max_batch: 10,
            ..same
        };
        assert_eq!(
            told(&of_consumer(&wanted, &found)),
            [
                r#"filter_subject is ["a", "b"], wanted payment:created"#,
                "ack_wait is 5s, wanted 30s",
                "max_batch is 10, wanted without limit"
            ]
        );
    }

    #[test]
    fn what_the_broker_changes_in_no_stream_and_no_consumer_is_known() {
        let wanted = Topology::new("c", 1).stream(Service::Orders);
        let in_place = |found: stream::Config| of_stream(&wanted, &found)[0].in_place;
        assert!(!in_place(stream::Config { storage: stream::StorageType::Memory, ..wanted.clone() }));
        assert!(!in_place(stream::Config { retention: RetentionPolicy::WorkQueue, ..wanted.clone() }));
        assert!(in_place(stream::Config { retention: RetentionPolicy::Interest, ..wanted.clone() }));
        assert!(in_place(stream::Config { max_age: Duration::ZERO, ..wanted.clone() }));
        let wanted = topology::consumer(Service::Orders, Subject::PaymentCreated);
        let found = consumer::Config {
            deliver_subject: Some("push".to_owned()),
            deliver_policy: consumer::DeliverPolicy::New,
            ack_policy: consumer::AckPolicy::None,
            ..consumer::Config::default()
        };
        let fixed = ["deliver_subject", "deliver_policy", "ack_policy"];
        for difference in of_consumer(&wanted, &found) {
            assert_eq!(difference.in_place, !fixed.contains(&difference.setting), "{difference}");
        }
    }
}
