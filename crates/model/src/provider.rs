//! The provider: intents and pages, and the idempotency key under which they are made.

use crate::{
    mistake::Mistake,
    scope::Kind,
    state::{Answer, Intent, Key, Payment, Request},
};

/// What the provider makes of a new payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Luck {
    /// It works.
    Works,
    /// The card is declined.
    Declines,
    /// An error is answered, and nothing was done.
    Fails,
    /// An error is answered, although the intent was made.
    FailsAfterDoing,
}

/// What may come of a request: only the first [`Request::Create`] has a choice.
pub(crate) fn possible(payment: &Payment, kind: Kind, request: Request) -> &'static [Luck] {
    match (request, payment.key, kind) {
        // A page declines cards as often as it likes, and stays open.
        (Request::Create, Key::Unused, Kind::Page) => &[Luck::Works, Luck::Fails, Luck::FailsAfterDoing],
        (Request::Create, Key::Unused, _) => {
            &[Luck::Works, Luck::Declines, Luck::Fails, Luck::FailsAfterDoing]
        }
        _ => &[Luck::Works],
    }
}

/// Does what is asked, as far as the state of the intent allows it, and answers.
///
/// A refusal is answered with the state that is its reason, which is what a look-up after the refusal would say.
pub(crate) fn serve(
    payment: &mut Payment,
    kind: Kind,
    request: Request,
    luck: Luck,
    mistake: Option<Mistake>,
) -> Answer {
    match (request, payment.intent) {
        (Request::Create, _) => return create(payment, kind, luck, mistake),
        (Request::Expire, Intent::Open) => payment.intent = Intent::Expired,
        (Request::Capture, Intent::Authorised) => payment.intent = Intent::Captured,
        (Request::Release, Intent::Authorised) => payment.intent = Intent::Released,
        (Request::Refund, Intent::Captured) => payment.intent = Intent::Refunded,
        _ => {}
    }
    told(payment.intent)
}

fn create(payment: &mut Payment, kind: Kind, luck: Luck, mistake: Option<Mistake>) -> Answer {
    if payment.key == Key::Unused {
        if matches!(luck, Luck::Works | Luck::FailsAfterDoing) {
            payment.intent = made(kind);
        }
        payment.key = match luck {
            Luck::Works => Key::Made,
            Luck::Declines => Key::Declined,
            Luck::Fails | Luck::FailsAfterDoing => Key::Error,
        };
    } else if mistake == Some(Mistake::NewKeyOnRetry) && kind == Kind::Token {
        payment.orphan = true;
    }
    match payment.key {
        Key::Unused => Answer::Nothing,
        Key::Made => told(made(kind)),
        Key::Declined => Answer::Declined,
        Key::Error => Answer::Error,
    }
}

/// What a payment begins as.
fn made(kind: Kind) -> Intent {
    match kind {
        Kind::Token => Intent::Authorised,
        Kind::Page => Intent::Open,
        Kind::Charge => Intent::Captured,
    }
}

fn told(intent: Intent) -> Answer {
    match intent {
        Intent::Absent => Answer::Nothing,
        Intent::Open => Answer::Open,
        Intent::Expired => Answer::Expired,
        Intent::Authorised => Answer::Authorised,
        Intent::Captured => Answer::Captured,
        Intent::Released => Answer::Released,
        Intent::Refunded => Answer::Refunded,
    }
}

/// Everything that a webhook may tell of an intent, now or after a detour.
pub(crate) fn history(intent: Intent, kind: Kind) -> &'static [Answer] {
    match (intent, kind) {
        (Intent::Absent | Intent::Open, _) => &[],
        (Intent::Expired, _) => &[Answer::Expired],
        (Intent::Authorised, _) => &[Answer::Authorised],
        (Intent::Captured, Kind::Charge) => &[Answer::Captured],
        (Intent::Captured, _) => &[Answer::Authorised, Answer::Captured],
        (Intent::Released, _) => &[Answer::Authorised, Answer::Released],
        (Intent::Refunded, Kind::Charge) => &[Answer::Captured, Answer::Refunded],
        (Intent::Refunded, _) => &[Answer::Authorised, Answer::Captured, Answer::Refunded],
    }
}
