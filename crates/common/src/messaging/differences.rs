//! In what a stream or a consumer that is there differs from what this build would create.

use std::fmt::Display;

use async_nats::jetstream::{
    consumer::{self, pull},
    stream,
};

/// One line for each setting that matters, with both values.
pub(super) fn of_stream(wanted: &stream::Config, found: &stream::Config) -> Vec<String> {
    let sorted = |config: &stream::Config| {
        let mut subjects = config.subjects.clone();
        subjects.sort_unstable();
        format!("{subjects:?}")
    };
    let fields = [
        difference("subjects", &sorted(wanted), &sorted(found)),
        difference("storage", &format!("{:?}", wanted.storage), &format!("{:?}", found.storage)),
        difference("retention", &format!("{:?}", wanted.retention), &format!("{:?}", found.retention)),
        difference("discard", &format!("{:?}", wanted.discard), &format!("{:?}", found.discard)),
        difference("max_age", &format!("{:?}", wanted.max_age), &format!("{:?}", found.max_age)),
        difference("max_messages", &limit(wanted.max_messages), &limit(found.max_messages)),
        difference("max_bytes", &limit(wanted.max_bytes), &limit(found.max_bytes)),
        difference(
            "duplicate_window",
            &format!("{:?}", wanted.duplicate_window),
            &format!("{:?}", found.duplicate_window),
        ),
        difference("num_replicas", &wanted.num_replicas, &found.num_replicas),
    ];
    fields.into_iter().flatten().collect()
}

/// As [`of_stream`], for a consumer.
pub(super) fn of_consumer(wanted: &pull::Config, found: &consumer::Config) -> Vec<String> {
    let filters = |one: &str, more: &[String]| match more {
        [] => one.to_owned(),
        more => format!("{more:?}"),
    };
    let fields = [
        difference(
            "filter_subject",
            &filters(&wanted.filter_subject, &wanted.filter_subjects),
            &filters(&found.filter_subject, &found.filter_subjects),
        ),
        difference(
            "deliver_policy",
            &format!("{:?}", wanted.deliver_policy),
            &format!("{:?}", found.deliver_policy),
        ),
        difference("ack_policy", &format!("{:?}", wanted.ack_policy), &format!("{:?}", found.ack_policy)),
        difference("ack_wait", &format!("{:?}", wanted.ack_wait), &format!("{:?}", found.ack_wait)),
        difference("max_deliver", &wanted.max_deliver, &found.max_deliver),
        difference("max_ack_pending", &wanted.max_ack_pending, &found.max_ack_pending),
        difference("max_batch", &limit(wanted.max_batch), &limit(found.max_batch)),
        difference("backoff", &format!("{:?}", wanted.backoff), &format!("{:?}", found.backoff)),
    ];
    fields.into_iter().flatten().collect()
}

/// A limit that is not set is 0 in what we ask for and -1 in what the server answers.
fn limit(value: i64) -> String {
    if value <= 0 { "without limit".to_owned() } else { value.to_string() }
}

fn difference<T: PartialEq + Display>(field: &str, wanted: &T, found: &T) -> Option<String> {
    (wanted != found).then(|| format!("{field} is {found}, wanted {wanted}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        event::{Service, Subject},
        messaging::topology::{self, Topology},
    };

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
            of_stream(&wanted, &found),
            [
                "max_messages is 9, wanted without limit",
                "duplicate_window is 1s, wanted 120s",
                "num_replicas is 3, wanted 1"
            ]
        );
        let mut same = stream::Config { max_messages: -1, max_bytes: -1, ..wanted.clone() };
        same.subjects.reverse();
        assert_eq!(of_stream(&wanted, &same), [""; 0]);
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
        assert_eq!(of_consumer(&wanted, &same), [""; 0]);
        let found = consumer::Config {
            ack_wait: Duration::from_secs(5),
            filter_subject: String::new(),
            filter_subjects: vec!["a".to_owned(), "b".to_owned()],
            max_batch: 10,
            ..same
        };
        assert_eq!(
            of_consumer(&wanted, &found),
            [
                r#"filter_subject is ["a", "b"], wanted payment:created"#,
                "ack_wait is 5s, wanted 30s",
                "max_batch is 10, wanted without limit"
            ]
        );
    }
}
