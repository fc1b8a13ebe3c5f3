//! What a broker has to bear with: messages that no listener can read, and events that come again.

use bytes::Bytes;

use super::{
    plan::{Poison, PoisonKind, Repeat},
    stage::Stage,
};

/// Deeper than any reader goes.
const DEPTH: usize = 2_000;
/// Longer than what a dead letter keeps beside its headers without a second thought.
const LONG: usize = 200_000;

/// Publishes a message that no listener of its subject can read.
pub(super) async fn poisons(stage: &Stage, poison: &Poison) {
    let body = Bytes::from(body(poison));
    let number = stage.notes.poison(poison.subject, body.clone());
    let message_id = format!("poison:{}", poison.number);
    if let Some(at_ms) = stage.tells(poison.subject, &message_id, body).await {
        stage.notes.poison_is_stored(number, at_ms);
    }
}

/// The number makes each another body, by which it is known again.
fn body(Poison { number, kind, .. }: &Poison) -> Vec<u8> {
    match kind {
        PoisonKind::NoJson => format!("{{\"poison\": {number}, oops").into_bytes(),
        PoisonKind::NoFields => format!("{{\"poison\": {number}}}").into_bytes(),
        PoisonKind::OtherTypes => format!(
            "{{\"id\": {number}, \"orderId\": [], \"version\": \"0\", \"expiresAt\": true, \"ticket\": null}}"
        )
        .into_bytes(),
        PoisonKind::NoUtf8 => [&[0xff, 0xfe, b'"'], number.to_string().as_bytes()].concat(),
        PoisonKind::Blank => vec![b' '; number + 1],
        PoisonKind::Deep => format!("{{\"poison\": {number}, \"id\": {}", "[".repeat(DEPTH)).into_bytes(),
        PoisonKind::Large => {
            format!("{{\"poison\": {number}, \"id\": \"{}\"}}", "x".repeat(LONG)).into_bytes()
        }
    }
}

/// Publishes an event again that was stored before.
pub(super) async fn repeats(stage: &Stage, repeat: &Repeat) {
    let Some(event) = stage.notes.any_event(repeat.which) else { return };
    stage.notes.repeats();
    let own_id = event.message_id.filter(|_| repeat.same_id);
    for time in 0..repeat.times {
        let message_id = own_id.clone().unwrap_or_else(|| format!("again:{}:{time}", repeat.which));
        // Once that is lost is as good as any other.
        stage.wire.publish(event.subject.as_str(), &message_id, event.body.clone()).await;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use common::event::Subject;
    use messaging::check_event;

    use super::*;

    #[test]
    fn no_listener_can_read_poison_of_any_kind_and_no_two_are_alike() {
        let mut seen = HashSet::new();
        for (number, kind) in PoisonKind::ALL.into_iter().cycle().take(40).enumerate() {
            let body = body(&Poison { subject: Subject::OrderCreated, number, kind });
            for subject in Subject::ALL {
                assert!(check_event(subject, &body).is_err(), "{kind:?} can be read on {subject:?}");
            }
            assert!(seen.insert(body), "{kind:?} {number} is like another one");
        }
    }
}
