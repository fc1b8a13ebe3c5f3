//! Bodies against the event type of their subject.

use std::fmt;

use common::event::{
    Event, ExpirationComplete, OrderCancelled, OrderCompleted, OrderCreated, OrderExtended, PaymentCreated,
    PaymentRejected, PaymentSettled, Subject, TicketCreated, TicketUpdated,
};

/// Why a body is not an event of its subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidBody {
    /// What it should be.
    pub subject: Subject,
    /// The field that is wrong, such as `ticket.price`; empty where no single one is.
    pub place: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for InvalidBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, place, reason } = self;
        match place.as_str() {
            "" => write!(f, "the body is not a valid {subject}: {reason}"),
            place => write!(f, "the body is not a valid {subject}: at {place}: {reason}"),
        }
    }
}

impl std::error::Error for InvalidBody {}

/// Whether a body is an event of this subject, as its consumers read it. Called before an edited dead letter is replayed.
///
/// # Errors
/// With the place where it is not.
pub fn check_event(subject: Subject, body: &[u8]) -> Result<(), InvalidBody> {
    match subject {
        Subject::TicketCreated => read_event::<TicketCreated>(body).map(drop),
        Subject::TicketUpdated => read_event::<TicketUpdated>(body).map(drop),
        Subject::OrderCreated => read_event::<OrderCreated>(body).map(drop),
        Subject::OrderCancelled => read_event::<OrderCancelled>(body).map(drop),
        Subject::OrderCompleted => read_event::<OrderCompleted>(body).map(drop),
        Subject::OrderExtended => read_event::<OrderExtended>(body).map(drop),
        Subject::PaymentRejected => read_event::<PaymentRejected>(body).map(drop),
        Subject::ExpirationComplete => read_event::<ExpirationComplete>(body).map(drop),
        Subject::PaymentCreated => read_event::<PaymentCreated>(body).map(drop),
        Subject::PaymentSettled => read_event::<PaymentSettled>(body).map(drop),
    }
}

/// Reads a body, as the consumers of its subject do.
///
/// # Errors
/// With the place where it is not an event of this type.
pub fn read_event<E: Event>(body: &[u8]) -> Result<E, InvalidBody> {
    // serde would read an array as the fields in their order, which nobody promised.
    if body.trim_ascii_start().first() == Some(&b'[') {
        let reason = "it is an array, not an object".to_owned();
        return Err(InvalidBody { subject: E::SUBJECT, place: String::new(), reason });
    }
    serde_json::from_slice(body).map_err(|_| why_invalid::<E>(body))
}

/// Reads a bad body once more, slowly, for a reason that names the field.
fn why_invalid<E: Event>(body: &[u8]) -> InvalidBody {
    let reader = &mut serde_json::Deserializer::from_slice(body);
    let (place, reason) = match serde_path_to_error::deserialize::<_, E>(reader) {
        Err(error) if error.path().iter().next().is_some() => {
            (error.path().to_string(), error.inner().to_string())
        }
        Err(error) => (String::new(), error.inner().to_string()),
        Ok(_) => (String::new(), "something stands behind it".to_owned()),
    };
    InvalidBody { subject: E::SUBJECT, place, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_body_is_said_with_its_place() {
        let wrong = |body: &str| check_event(Subject::OrderCancelled, body.as_bytes()).unwrap_err();
        let nested = wrong(r#"{"id":"o","version":1,"ticket":{"id":7}}"#);
        assert_eq!(nested.place, "ticket.id");
        assert!(
            nested.to_string().starts_with("the body is not a valid order:cancelled: at ticket.id: "),
            "{nested}"
        );
        for body in ["", "[]", "{}", "null", r#"{"id":"o","version":1,"ticket":{"id":"t"}} x"#] {
            assert_eq!(wrong(body).place, "", "{body}");
        }
    }

    #[test]
    fn every_subject_has_a_type_that_its_bodies_are_read_as() {
        for subject in Subject::ALL {
            assert_eq!(check_event(subject, b"{}").unwrap_err().subject, subject);
        }
        check_event(Subject::ExpirationComplete, br#"{"orderId":"o"}"#).unwrap();
    }
}
