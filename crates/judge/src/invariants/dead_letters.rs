//! I7: a poison message is in the dead letters exactly once, until an operator replays it, and the good ones behind it are not
//! delayed. The same goes for orders that nobody knows.

use std::collections::HashSet;

use bytes::Bytes;
use common::event::Subject;
use messaging::topology::durable_name;

use super::{
    Verdict,
    delays::{Delay, delays_ms},
    letters::{Wanted, is_letter_of, poison, unknown_orders},
};
use crate::{
    facts::{DeadLetter, Facts},
    record::{Poison, Record},
    text,
};

pub(super) fn poison_is_kept_once(facts: &Facts) -> Verdict {
    let mut broken: Vec<String> = facts
        .unreadable
        .iter()
        .filter(|message| !facts.record.is_poison(&message.subject, &message.body))
        .map(|message| format!("nobody can read {} {}", message.subject, message.sequence))
        .collect();
    broken.extend(vanished(facts));
    let wanted: Vec<Wanted> = poison(facts).chain(unknown_orders(facts)).collect();
    broken.extend(kept_otherwise(facts, &wanted));
    let delays = delays_ms(facts);
    let slow = delays.iter().filter(|delay| delay.ms > delay.excused_ms);
    broken.extend(slow.map(|Delay { order, ms, .. }| {
        format!("the payment of order {order} behind the poison took {}", text::span(*ms as f64))
    }));
    let slowest = delays.iter().map(|delay| delay.ms).max().unwrap_or_default();
    let unknown = unknown_orders(facts).count();
    let of_unknown = if unknown > 0 { format!(" + {unknown} of unknown orders") } else { String::new() };
    let of_payments =
        facts.unreadable.iter().all(|message| message.subject == Subject::PaymentCreated.as_str());
    let what = if of_payments { "payments" } else { "messages, by listeners" };
    let compared = format!(
        "{} unreadable {what}{of_unknown} = {} dead letters + {} replayed; {} good ones behind the first, the slowest {}",
        wanted.len() - unknown,
        facts.dead_letters.len(),
        facts.record.mended.len(),
        delays.len(),
        text::span(slowest as f64)
    );
    Verdict { invariant: "I7", claim: "poison is kept once, delays nobody", compared, broken }
}

/// Poison that the broker acknowledged and that is nowhere.
fn vanished(facts: &Facts) -> Vec<String> {
    let there = facts.unreadable.iter().filter(|message| !message.gone);
    let there: HashSet<&Bytes> = there.map(|message| &message.body).collect();
    let sent = facts.record.poison.iter().filter(|poison| !there.contains(&poison.body));
    sent.filter(|Poison { subject, stored_ms, .. }| {
        stored_ms.is_some_and(|stored_ms| !facts.bounds.may_be_missing(subject.publisher(), stored_ms))
    })
    .map(|poison| format!("{} {:?} was stored, and is nowhere", poison.subject, poison.body))
    .collect()
}

/// Letters that are missing, there twice, or there for no good reason.
fn kept_otherwise(facts: &Facts, wanted: &[Wanted]) -> Vec<String> {
    let Record { mended, perhaps_mended, perhaps_replayed, replayed, .. } = &facts.record;
    let mut broken = Vec::new();
    for letter in &facts.dead_letters {
        let is_wanted = wanted.iter().any(|wanted| wanted.is(letter));
        if !is_wanted && !of_a_lost_message(facts, &letter.subject) {
            broken.push(format!("{} is a dead letter for no good reason: {}", letter.subject, letter.reason));
        }
    }
    for subject in mended.iter().chain(perhaps_mended).chain(replayed) {
        let is_known = wanted.iter().any(|wanted| wanted.subject == *subject);
        if !is_known && !of_a_lost_message(facts, subject) {
            broken.push(format!("{subject} was replayed, and nobody knows of it"));
        }
    }
    for letter in wanted {
        let Wanted { subject, may_be_missing, may_be_kept_again, .. } = letter;
        // A store of letters that went back has those again that were replayed meanwhile.
        let all = mended.iter().chain(perhaps_mended).chain(replayed);
        let replays =
            if *may_be_kept_again { all.filter(|replayed| *replayed == subject).count() } else { 0 };
        // Deleted only once the replay is stored, so either of the two answers may have been lost. However often it is asked
        // for, a replay of one letter is stored once.
        let beside = usize::from(perhaps_replayed.contains(subject));
        let most = 1 + replays + beside;
        let there: Vec<&DeadLetter> = facts.dead_letters.iter().filter(|kept| letter.is(kept)).collect();
        let kept = there.len();
        // Asked twice while the letter is still there, it is replayed once. A replay names the place, so it may have been of a
        // message that was there before and is lost.
        let replayed = usize::from(mended.contains(subject));
        let certainly = if of_a_lost_message(facts, subject) { 0 } else { replayed };
        let may_be_none = *may_be_missing || perhaps_mended.contains(subject);
        let is_right = |times| (1..=most).contains(&times) || times == 0 && may_be_none;
        if !(kept + certainly..=kept + replayed).any(is_right) {
            let places = there.iter().map(|kept| format!("{} at {} ms", kept.sequence, kept.at_ms));
            let (times, places) = (kept + replayed, places.collect::<Vec<_>>().join(", "));
            broken.push(format!(
                "{subject} is kept or replayed {times} times; kept in these places: [{places}]"
            ));
        }
    }
    broken
}

/// Whether the letter may be of a message that the broker lost: in a stream that was made anew another one has its place.
fn of_a_lost_message(facts: &Facts, letter: &str) -> bool {
    let lost = Subject::ALL.into_iter().filter(|subject| facts.bounds.may_miss(subject.publisher()));
    lost.flat_map(|subject| subject.listeners().iter().map(move |listener| durable_name(*listener, subject)))
        .any(|durable| is_letter_of(letter, &durable))
}
