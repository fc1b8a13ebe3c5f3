//! What an entry is about.

use std::fmt;

use common::event::Id;
use messaging::topology::audit_subject;

/// What something is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An order, or the timer of one.
    Order(Id),
    /// A dead letter, by its sequence.
    DeadLetter(u64),
    /// A payment.
    Payment(String),
    /// An act on many.
    Operation(String),
    /// The schedule as a whole.
    Schedule,
    /// Console itself: who comes in, and what is asked for that is not there.
    Console,
}

impl Target {
    /// The subject of its entries.
    pub(super) fn subject(&self) -> String {
        let (kind, id) = self.parts();
        audit_subject(kind, &id)
    }

    fn parts(&self) -> (&'static str, String) {
        match self {
            Self::Order(id) => ("order", id.to_string()),
            Self::DeadLetter(sequence) => ("dead-letter", sequence.to_string()),
            Self::Payment(id) => ("payment", id.clone()),
            Self::Operation(id) => ("operation", id.clone()),
            Self::Schedule => ("schedule", String::new()),
            Self::Console => ("console", String::new()),
        }
    }

    /// As a person writes one thing, such as `order 65f0`; `None` for anything else, such as `order`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        match text {
            "schedule" => return Some(Self::Schedule),
            "console" => return Some(Self::Console),
            _ => {}
        }
        let (kind, id) = text.rsplit_once(' ')?;
        match kind.trim() {
            "order" => id.parse().ok().map(Self::Order),
            "dead letter" => id.parse().ok().map(Self::DeadLetter),
            "payment" => Some(Self::Payment(id.to_owned())),
            "operation" => Some(Self::Operation(id.to_owned())),
            _ => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeadLetter(sequence) => write!(f, "dead letter {sequence}"),
            other => match other.parts() {
                (kind, id) if id.is_empty() => f.write_str(kind),
                (kind, id) => write!(f, "{kind} {id}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_for_a_person_is_read_back() {
        let targets = [
            Target::Order("65f0c0ffee".parse().unwrap()),
            Target::DeadLetter(7),
            Target::Payment("p-1".to_owned()),
            Target::Operation("o1".to_owned()),
            Target::Schedule,
            Target::Console,
        ];
        for target in targets {
            assert_eq!(Target::parse(&target.to_string()), Some(target));
        }
        for text in ["", "order", "order a.b", "dead letter x", "65f0c0ffee"] {
            assert_eq!(Target::parse(text), None, "{text}");
        }
    }
}
