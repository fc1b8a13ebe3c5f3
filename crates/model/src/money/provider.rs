//! The provider: intents and pages, and the idempotency key under which they are made or confirmed.

use super::{
    mistake::Mistake,
    scope::Kind,
    state::{Answer, Intent, Key, Payment, Request},
};

/// What the provider makes of a request that may charge a card, or open a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Luck {
    /// It works.
    Works,
    /// The card is declined.
    Declines,
    /// An error is answered, and nothing was done.
    Fails,
    /// An error is answered, although it was done.
    FailsAfterDoing,
}

/// What may come of a request: only the first under a key has a choice.
pub(crate) fn possible(payment: &Payment, kind: Kind, request: Request) -> &'static [Luck] {
    match (request, payment.key, kind) {
        // A page declines cards as often as it likes, and stays open.
        (Request::Create, Key::Unused, Kind::Page) => &[Luck::Works, Luck::Fails, Luck::FailsAfterDoing],
        (Request::Create, Key::Unused, Kind::Charge) | (Request::Confirm, Key::Unused, _) => {
            &[Luck::Works, Luck::Declines, Luck::Fails, Luck::FailsAfterDoing]
        }
        (Request::Confirm, Key::Renewed, _) => &[Luck::Works, Luck::Declines],
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
        // Another one that is made, and not noted, is never confirmed.
        (Request::Create, _) if kind == Kind::Token => {
            if payment.intent == Intent::Absent {
                let charges = mistake == Some(Mistake::ChargeAtCreation);
                payment.intent = if charges { Intent::Authorised } else { Intent::Prepared };
            }
            return told(payment);
        }
        (Request::Create, _) => return create(payment, kind, luck),
        (Request::Confirm, Intent::Prepared) => return confirm(payment, luck),
        (Request::Confirm, Intent::Authorised) if mistake == Some(Mistake::NewIntentOnRetry) => {
            payment.orphan = true;
        }
        (Request::Expire, Intent::Open) => payment.intent = Intent::Expired,
        (Request::Capture, Intent::Authorised) => payment.intent = Intent::Captured,
        (Request::Release, Intent::Prepared) => payment.intent = Intent::Expired,
        (Request::Release, Intent::Authorised) => payment.intent = Intent::Released,
        (Request::Refund, Intent::Captured) => payment.intent = Intent::Refunded,
        _ => {}
    }
    match (request, payment.key) {
        (Request::Confirm, Key::Error) => Answer::Error,
        _ => told(payment),
    }
}

/// Charges the card, the first time under a key. Afterwards the key says what came of it, and the intent too.
fn confirm(payment: &mut Payment, luck: Luck) -> Answer {
    if matches!(payment.key, Key::Unused | Key::Renewed) {
        if matches!(luck, Luck::Works | Luck::FailsAfterDoing) {
            payment.intent = Intent::Authorised;
        }
        payment.key = match luck {
            Luck::Works => Key::Made,
            Luck::Declines => Key::Declined,
            Luck::Fails | Luck::FailsAfterDoing => Key::Error,
        };
    }
    if payment.key == Key::Error { Answer::Error } else { told(payment) }
}

fn create(payment: &mut Payment, kind: Kind, luck: Luck) -> Answer {
    if payment.key == Key::Unused {
        if matches!(luck, Luck::Works | Luck::FailsAfterDoing) {
            payment.intent = made(kind);
        }
        payment.key = match luck {
            Luck::Works => Key::Made,
            Luck::Declines => Key::Declined,
            Luck::Fails | Luck::FailsAfterDoing => Key::Error,
        };
    }
    match payment.key {
        Key::Unused | Key::Renewed => Answer::Nothing,
        Key::Made if kind == Kind::Page => Answer::Open,
        Key::Made => Answer::Captured,
        Key::Declined => Answer::Declined,
        Key::Error => Answer::Error,
    }
}

/// What a payment begins as.
fn made(kind: Kind) -> Intent {
    match kind {
        Kind::Token => Intent::Prepared,
        Kind::Page => Intent::Open,
        Kind::Charge => Intent::Captured,
    }
}

fn told(payment: &Payment) -> Answer {
    match payment.intent {
        Intent::Absent => Answer::Nothing,
        Intent::Prepared if payment.key == Key::Declined => Answer::Declined,
        Intent::Prepared => Answer::Prepared,
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
        (Intent::Absent | Intent::Prepared | Intent::Open, _) => &[],
        (Intent::Expired, _) => &[Answer::Expired],
        (Intent::Authorised, _) => &[Answer::Authorised],
        (Intent::Captured, Kind::Charge) => &[Answer::Captured],
        (Intent::Captured, _) => &[Answer::Authorised, Answer::Captured],
        (Intent::Released, _) => &[Answer::Authorised, Answer::Released],
        (Intent::Refunded, Kind::Charge) => &[Answer::Captured, Answer::Refunded],
        (Intent::Refunded, _) => &[Answer::Authorised, Answer::Captured, Answer::Refunded],
    }
}
