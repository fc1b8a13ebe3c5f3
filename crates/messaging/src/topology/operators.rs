//! What operators have on the broker: the queue of replays, and the audit.

use async_nats::jetstream::{consumer, stream};

use super::{ACK_WAIT, MAX_ACK_PENDING, Topology};

const REPLAY_PREFIX: &str = "replay";
/// First token of the audit's subjects.
pub const AUDIT_PREFIX: &str = "audit";

impl Topology {
    /// Name of the stream that takes dead letters back to the consumers that gave them up.
    pub fn replays_stream_name(&self) -> String {
        format!("{}-replays", self.cluster)
    }

    /// The stream that takes dead letters back to the consumers that gave them up. It is made with the first replay; each is
    /// gone once its consumer has answered it.
    pub fn replays(&self) -> stream::Config {
        stream::Config {
            name: self.replays_stream_name(),
            subjects: vec![format!("{REPLAY_PREFIX}.>")],
            retention: stream::RetentionPolicy::WorkQueue,
            ..self.common()
        }
    }

    /// Name of the stream that keeps who did what.
    pub fn audit_stream_name(&self) -> String {
        format!("{}-audit", self.cluster)
    }

    /// The stream that keeps who did what: nothing in it is deleted or purged, and no age ends it.
    pub fn audit(&self) -> stream::Config {
        stream::Config {
            name: self.audit_stream_name(),
            subjects: vec![format!("{AUDIT_PREFIX}.>")],
            deny_delete: true,
            deny_purge: true,
            ..self.common()
        }
    }
}

/// Name of the consumer by which all replicas of a service take the replays of one of theirs.
pub fn replays_name(durable: &str) -> String {
    format!("{durable}-replays")
}

/// Subject of the replay of one dead letter. The time at which it was stored is in it, because sequences begin again in a
/// stream that was lost.
pub fn replay_subject(durable: &str, letter_sequence: u64, letter_stored_ns: i64) -> String {
    format!("{REPLAY_PREFIX}.{durable}.{letter_sequence}-{letter_stored_ns}")
}

/// The consumer of the replays of one durable consumer.
pub fn replays_consumer(durable: &str) -> consumer::pull::Config {
    let name = replays_name(durable);
    consumer::pull::Config {
        durable_name: Some(name.clone()),
        name: Some(name),
        filter_subject: format!("{REPLAY_PREFIX}.{durable}.*"),
        ack_policy: consumer::AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        max_deliver: -1,
        max_ack_pending: MAX_ACK_PENDING,
        ..consumer::pull::Config::default()
    }
}

/// Subject of the audit's entries about one thing: its kind, such as `order`, and its id.
pub fn audit_subject(kind: &str, id: &str) -> String {
    format!("{AUDIT_PREFIX}.{}.{}", token(kind), token(id))
}

/// As one token of a subject. Ids that are valid stay as they are.
fn token(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '_' };
    let token: String = text.chars().take(LONGEST_TOKEN).map(plain).collect();
    if token.is_empty() { "-".to_owned() } else { token }
}

/// Characters of an id that is in a subject; more than any id has.
const LONGEST_TOKEN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::check_subject;

    #[test]
    fn whatever_an_entry_is_about_its_subject_has_three_tokens_and_no_wildcard() {
        let long = "x".repeat(10_000);
        for id in ["65f0c0ffee0000000000beef", "", "a.b", "*", ">", "a b", "é", &long] {
            let subject = audit_subject("dead-letter", id);
            check_subject(&subject).unwrap();
            assert_eq!(subject.split('.').count(), 3, "{subject}");
            assert!(!subject.contains(['*', '>']) && subject.len() < 100, "{subject}");
        }
        assert_eq!(audit_subject("order", "a_b-C9"), "audit.order.a_b-C9");
    }

    #[test]
    fn a_letter_of_a_stream_that_was_made_anew_is_replayed_on_another_subject() {
        assert_ne!(
            replay_subject("orders-payment-created", 7, 1),
            replay_subject("orders-payment-created", 7, 2)
        );
        let filter = replays_consumer("orders-payment-created").filter_subject;
        assert_eq!(filter, "replay.orders-payment-created.*");
    }
}
