//! One thing that happens, in the form in which it is told.

use super::{
    ledger::Ledger,
    plan::Ending,
    text::{self, Tone},
};
use common::{
    clock,
    event::{
        Event, ExpirationComplete, Id, OrderCancelled, OrderCompleted, OrderCreated, OrderExtended,
        PaymentCreated, PaymentRejected, PaymentSettled, Subject, TicketCreated, TicketUpdated,
    },
};
use judge::streams::Stored;

/// One thing that happens.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    /// In ms since the Unix epoch.
    pub(super) at_ms: i64,
    pub(super) event: String,
    /// The order that it happens to, if any.
    pub(super) order: Option<Id>,
    /// Order number, where the ledger knows it.
    pub(super) number: Option<usize>,
    /// Time since the order's `expiresAt`.
    pub(super) late_ms: Option<i64>,
    pub(super) detail: String,
    pub(super) tone: Tone,
}

impl Moment {
    /// Something that happens now and to no order in particular.
    pub(super) fn now(event: &str, detail: impl Into<String>, tone: Tone) -> Self {
        Self {
            at_ms: clock::now_ms(),
            event: event.to_owned(),
            order: None,
            number: None,
            late_ms: None,
            detail: detail.into(),
            tone,
        }
    }

    /// The same, to an order.
    pub(super) fn of(self, order: &Id, ledger: &Ledger) -> Self {
        let number = ledger.order(order).map(|entry| entry.role.number);
        Self { order: Some(order.clone()), number, ..self }
    }

    /// A message that was stored on the broker.
    pub(super) fn stored(message: &Stored, ledger: &Ledger) -> Self {
        let moment = read(message, ledger).unwrap_or_else(|| {
            let moment = Self::now(&message.subject, "", Tone::Quiet);
            match &message.reason {
                Some(reason) => Self {
                    event: "dead letter".to_owned(),
                    detail: shortened(reason),
                    tone: Tone::Fault,
                    ..moment
                },
                None => {
                    let body = String::from_utf8_lossy(&message.payload);
                    Self {
                        detail: format!("poison, which nobody can read: {body}"),
                        tone: Tone::Fault,
                        ..moment
                    }
                }
            }
        });
        Self { at_ms: message.at_ms, ..moment }
    }

    fn lateness(mut self, at_ms: i64, ledger: &Ledger) -> Self {
        let entry = self.order.as_ref().and_then(|order| ledger.order(order));
        self.late_ms = entry.map(|entry| at_ms - entry.due().as_millis());
        self
    }
}

/// `None` for what is not of the contract.
fn read(message: &Stored, ledger: &Ledger) -> Option<Moment> {
    let subject = message.subject.parse().ok()?;
    let seat =
        |ticket: &Id| ledger.seat(ticket).map_or_else(|| ticket.to_string(), |seat| format!("seat {seat}"));
    let moment = |detail: String, tone| Moment::now(message.subject.as_str(), detail, tone);
    Some(match subject {
        Subject::TicketCreated => {
            let TicketCreated { title, price, .. } = body(message)?;
            moment(format!("{title}, for {price}"), Tone::Quiet)
        }
        Subject::TicketUpdated => {
            let TicketUpdated { id, version, order_id, .. } = body(message)?;
            match order_id {
                Some(order) => moment(format!("{} is held, version {version}", seat(&id)), Tone::Quiet)
                    .of(&order, ledger),
                None => moment(format!("{} is free again, version {version}", seat(&id)), Tone::Quiet),
            }
        }
        Subject::OrderCreated => {
            let OrderCreated { id, expires_at, ticket, .. } = body(message)?;
            let buyer = ledger.order(&id).map_or("somebody", |entry| entry.buyer());
            let until = text::clock(expires_at.as_millis());
            let detail = format!("{buyer}: {} for {}, to be paid by {until}", seat(&ticket.id), ticket.price);
            moment(detail, Tone::Plain).of(&id, ledger)
        }
        Subject::OrderCancelled => {
            let OrderCancelled { id, version, ticket } = body(message)?;
            let ending = ledger.order(&id).map(|entry| entry.role.ending);
            let told = moment(format!("version {version}, gives up {}", seat(&ticket.id)), Tone::End)
                .of(&id, ledger);
            // Its buyer was not late.
            if ending == Some(Ending::CancelledByBuyer) { told } else { told.lateness(message.at_ms, ledger) }
        }
        Subject::OrderCompleted => {
            let OrderCompleted { id, version, payment_id, .. } = body(message)?;
            let detail = format!("version {version}, by payment {}", shortened(payment_id.as_str()));
            moment(detail, Tone::Good).of(&id, ledger)
        }
        Subject::OrderExtended => {
            let OrderExtended { id, expires_at } = body(message)?;
            let until = text::clock(expires_at.as_millis());
            moment(format!("more time: to be paid by {until}"), Tone::Plain).of(&id, ledger)
        }
        Subject::PaymentRejected => {
            let PaymentRejected { order_id, reason, .. } = body(message)?;
            moment(shortened(&reason), Tone::End).of(&order_id, ledger)
        }
        Subject::PaymentSettled => {
            let PaymentSettled { order_id, outcome, .. } = body(message)?;
            moment(format!("the money is {outcome}"), Tone::Plain).of(&order_id, ledger)
        }
        Subject::ExpirationComplete => {
            let ExpirationComplete { order_id } = body(message)?;
            let paid = ledger
                .order(&order_id)
                .is_some_and(|entry| matches!(entry.role.ending, Ending::Paid | Ending::Extended));
            let detail =
                if paid { "the timer fired; it is paid, so nothing happens" } else { "the timer fired" };
            moment(detail.to_owned(), Tone::Timer).of(&order_id, ledger).lateness(message.at_ms, ledger)
        }
        Subject::PaymentCreated => {
            let PaymentCreated { order_id, stripe_id, .. } = body(message)?;
            moment(format!("{} is authorised", shortened(&stripe_id)), Tone::Good).of(&order_id, ledger)
        }
    })
}

fn body<E: Event>(message: &Stored) -> Option<E> {
    serde_json::from_slice(&message.payload).ok()
}

/// What fits on a line.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 100;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}
