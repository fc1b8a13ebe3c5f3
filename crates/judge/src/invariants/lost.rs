//! I12: what Redis or the broker lost comes back: the timers from the log, the events from Postgres. What matters is not that an
//! event is stored again but that nobody misses it, so each copy that a service has of another's data is held against that.

use std::collections::BTreeMap;

use common::{Service, event::Subject};

use super::{Verdict, copies, foreign, timers};
use crate::facts::Facts;

pub(super) fn comes_back(facts: &Facts) -> Verdict {
    let mut broken = vanished(facts);
    let timers = timers::missing(facts, &mut broken);
    broken.extend(foreign::not_again(facts));
    let copies = copies::differing(facts, &mut broken);
    broken.extend(ahead(facts));
    let compared = format!("{timers}; {copies}; {} heard and gone", facts.gone.len());
    Verdict { invariant: "I12", claim: "what was lost comes back", compared, broken }
}

/// Messages that are gone from a stream that lost nothing. Those of the outside may never have been stored, nor an expiration that was
/// refused: its order was perhaps cancelled before it was published again. What waits in an outbox is published until it is stored.
fn vanished(facts: &Facts) -> Vec<String> {
    let mut gone: BTreeMap<Service, Vec<&str>> = BTreeMap::new();
    for message in &facts.gone {
        let Ok(subject) = message.subject.parse::<Subject>() else { continue };
        if subject == Subject::ExpirationComplete {
            continue;
        }
        let of_outside =
            facts.record.is_poison(&message.subject, &message.payload) || is_foreign(facts, &message.payload);
        if !of_outside && !facts.bounds.may_miss(subject.publisher()) {
            gone.entry(subject.publisher()).or_default().push(subject.as_str());
        }
    }
    gone.into_iter()
        .map(|(publisher, all)| {
            let first = all.first().copied().unwrap_or_default();
            format!("{} messages are gone from the stream of {publisher}, a {first} first", all.len())
        })
        .collect()
}

fn is_foreign(facts: &Facts, body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(body);
    facts.record.foreign.iter().any(|foreign| body.contains(foreign.order.as_str()))
}

/// Consumers that stand beyond the end of their stream: they would never be given another message.
fn ahead(facts: &Facts) -> Vec<String> {
    let ahead = facts.consumers.iter().filter(|consumer| consumer.floor > consumer.last);
    ahead
        .map(|consumer| {
            format!(
                "{} has acknowledged {}, and its stream ends at {}",
                consumer.name, consumer.floor, consumer.last
            )
        })
        .collect()
}
