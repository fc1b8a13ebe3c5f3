//! Which dead letters have to be there: of poison, and of orders that nobody knows.

use bytes::Bytes;
use common::{
    Service,
    event::{Id, Subject},
};
use messaging::topology::{dead_letter_subject, durable_name};

use crate::facts::{DeadLetter, Facts, Unreadable};

/// A dead letter that has to be there.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) subject: String,
    about: About,
    /// The broker lost the message, before it was given up or after.
    pub(super) may_be_missing: bool,
    /// What acknowledges it may be lost, the letter's PubAck or the ack of its message: then that comes once more, and is kept
    /// again. Once the first letter is dealt with, nobody knows any more that it was there.
    pub(super) may_be_kept_again: bool,
}

/// By what a letter is known to be the one: in a stream that was made anew, another message has the same place.
#[derive(Clone, Debug)]
enum About {
    /// Of poison.
    Body(Bytes),
    /// Of an order that nobody knows.
    Order(Id),
}

/// One letter for each listener of each message that nobody can read.
pub(super) fn poison(facts: &Facts) -> impl Iterator<Item = Wanted> {
    let stored = facts.unreadable.iter().filter(|message| !message.gone);
    stored.filter(|message| facts.record.is_poison(&message.subject, &message.body)).flat_map(
        move |message| {
            let Unreadable { subject, sequence, at_ms, body, .. } = message;
            let subject: Option<Subject> = subject.parse().ok();
            subject.into_iter().flat_map(move |subject| {
                let about = || About::Body(body.clone());
                let all = subject.listeners().iter();
                all.map(move |listener| Wanted::of(facts, *listener, subject, (*sequence, *at_ms), about()))
            })
        },
    )
}

impl Wanted {
    /// Whether it is this one.
    pub(super) fn is(&self, letter: &DeadLetter) -> bool {
        let is_about = || match &self.about {
            About::Body(body) => *body == letter.body,
            About::Order(order) => String::from_utf8_lossy(&letter.body).contains(order.as_str()),
        };
        self.subject == letter.subject && is_about()
    }

    /// What this listener makes of a message in this place.
    fn of(
        facts: &Facts,
        listener: Service,
        subject: Subject,
        (sequence, at_ms): (u64, i64),
        about: About,
    ) -> Self {
        // Its consumer may have been past it before the stream went back to a time when it was there.
        let may_be_missing = facts.bounds.may_have_lost_letters(at_ms)
            || facts.bounds.may_be_missing(subject.publisher(), at_ms);
        let may_be_kept_again = facts.bounds.may_have_lost_letters(i64::MIN)
            || facts.bounds.may_lose_answers_of_the_broker(listener);
        let subject = dead_letter_subject(&durable_name(listener, subject), sequence);
        Self { subject, about, may_be_missing, may_be_kept_again }
    }
}

/// `tickets` has no ticket for an order that is not ours, and `orders` has no such order to expire.
pub(super) fn unknown_orders(facts: &Facts) -> impl Iterator<Item = Wanted> {
    let created = facts.foreign.iter().filter(|event| event.subject == Subject::OrderCreated && !event.gone);
    let created = created.map(|event| {
        let (place, about) = ((event.sequence, event.at_ms), About::Order(event.order.clone()));
        let wanted = Wanted::of(facts, Service::Tickets, event.subject, place, about);
        // A cancellation that overtakes it makes it a duplicate.
        let excused = facts.record.is_cancelled_foreign(&event.order);
        Wanted { may_be_missing: wanted.may_be_missing || excused, ..wanted }
    });
    let fired = facts.fired.iter().filter(|timer| !timer.gone);
    let fired = fired.filter(|timer| facts.record.is_foreign(timer.event.order_id.as_str())).map(|timer| {
        let (place, about) = ((timer.sequence, timer.at_ms), About::Order(timer.event.order_id.clone()));
        Wanted::of(facts, Service::Orders, Subject::ExpirationComplete, place, about)
    });
    created.chain(fired).map(|wanted| {
        let may_be_missing = wanted.may_be_missing || is_tried(facts, &wanted.subject);
        Wanted { may_be_missing, ..wanted }
    })
}

/// Whether the consumer still has messages in hand: it tries them for a while before it gives them up.
fn is_tried(facts: &Facts, letter: &str) -> bool {
    facts.consumers.iter().any(|consumer| consumer.unanswered > 0 && is_letter_of(letter, &consumer.name))
}

/// Whether a dead letter is one of this consumer.
pub(super) fn is_letter_of(letter: &str, durable: &str) -> bool {
    letter.rsplit_once('.').is_some_and(|(of, _)| of.strip_prefix("dead-letter.") == Some(durable))
}
