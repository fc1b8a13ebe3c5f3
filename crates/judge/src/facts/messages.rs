//! Messages become facts: each is read as what its subject says, or kept as one that nobody can read.

use common::event::{Event, ExpirationComplete, Id, PaymentCreated, Subject};

use super::{At, Facts, ForeignMessage, Unreadable};
use crate::streams::Stored;

impl Facts {
    /// Takes a message of a service's stream; one that is `gone` was heard, and is not there in the end.
    pub(crate) fn add(&mut self, message: &Stored, gone: bool) {
        if self.read(message, gone).is_none() {
            self.unreadable.push(Unreadable {
                subject: message.subject.clone(),
                sequence: message.sequence,
                at_ms: message.at_ms,
                body: message.payload.clone(),
                gone,
            });
        }
    }

    fn read(&mut self, message: &Stored, gone: bool) -> Option<()> {
        let subject: Subject = message.subject.parse().ok()?;
        match subject {
            Subject::TicketCreated => self.offered.push(body(message)?),
            Subject::TicketUpdated => self.tickets.push(body(message)?),
            Subject::PaymentRejected => self.rejected.push(body(message)?),
            Subject::PaymentSettled => self.settled.push(body(message)?),
            Subject::ExpirationComplete => self.fired.push(at::<ExpirationComplete>(message, gone)?),
            Subject::PaymentCreated => self.payments.push(at::<PaymentCreated>(message, gone)?),
            Subject::OrderCreated => {
                let event: common::event::OrderCreated = body(message)?;
                if !self.is_foreign(&event.id, subject, message, gone) {
                    self.created.push(event);
                }
            }
            Subject::OrderCancelled => {
                let event: common::event::OrderCancelled = body(message)?;
                if !self.is_foreign(&event.id, subject, message, gone) {
                    self.cancelled.push(event);
                }
            }
            Subject::OrderCompleted => self.completed.push(body(message)?),
            Subject::OrderExtended => {
                let event: common::event::OrderExtended = body(message)?;
                if !self.is_foreign(&event.id, subject, message, gone) {
                    self.extended.push(event);
                }
            }
        }
        Some(())
    }

    /// An event of an order that is not ours is kept apart: there is no row that it could agree with.
    fn is_foreign(&mut self, order: &Id, subject: Subject, message: &Stored, gone: bool) -> bool {
        let foreign = self.record.is_foreign(order.as_str());
        if foreign {
            let (sequence, at_ms) = (message.sequence, message.at_ms);
            self.foreign.push(ForeignMessage { order: order.clone(), subject, sequence, at_ms, gone });
        }
        foreign
    }
}

fn at<E: Event>(message: &Stored, gone: bool) -> Option<At<E>> {
    Some(At { event: body(message)?, sequence: message.sequence, at_ms: message.at_ms, gone })
}

fn body<E: Event>(message: &Stored) -> Option<E> {
    serde_json::from_slice(&message.payload).ok()
}
