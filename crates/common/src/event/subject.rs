//! The subjects on the wire, built here and nowhere else.

use std::{fmt, str::FromStr};

use crate::Service;

/// A subject of the contract. A colon separates no tokens in NATS, so every subject is one literal token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// `ticket:created`
    TicketCreated,
    /// `ticket:updated`
    TicketUpdated,
    /// `order:created`
    OrderCreated,
    /// `order:cancelled`
    OrderCancelled,
    /// `order:completed`
    OrderCompleted,
    /// `order:extended`
    OrderExtended,
    /// `payment:rejected`: published by `orders`, although it is about a payment.
    PaymentRejected,
    /// `expiration:complete`
    ExpirationComplete,
    /// `payment:created`
    PaymentCreated,
    /// `payment:settled`
    PaymentSettled,
}

impl Subject {
    /// Every subject of the contract.
    pub const ALL: [Self; 10] = [
        Self::TicketCreated,
        Self::TicketUpdated,
        Self::OrderCreated,
        Self::OrderCancelled,
        Self::OrderCompleted,
        Self::OrderExtended,
        Self::PaymentRejected,
        Self::ExpirationComplete,
        Self::PaymentCreated,
        Self::PaymentSettled,
    ];

    /// The subject as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TicketCreated => "ticket:created",
            Self::TicketUpdated => "ticket:updated",
            Self::OrderCreated => "order:created",
            Self::OrderCancelled => "order:cancelled",
            Self::OrderCompleted => "order:completed",
            Self::OrderExtended => "order:extended",
            Self::PaymentRejected => "payment:rejected",
            Self::ExpirationComplete => "expiration:complete",
            Self::PaymentCreated => "payment:created",
            Self::PaymentSettled => "payment:settled",
        }
    }

    /// The only service that publishes on this subject.
    pub const fn publisher(self) -> Service {
        match self {
            Self::TicketCreated | Self::TicketUpdated => Service::Tickets,
            Self::OrderCreated
            | Self::OrderCancelled
            | Self::OrderCompleted
            | Self::OrderExtended
            | Self::PaymentRejected => Service::Orders,
            Self::ExpirationComplete => Service::Expiration,
            Self::PaymentCreated | Self::PaymentSettled => Service::Payments,
        }
    }

    /// The services that listen, each through a durable consumer of its own.
    pub const fn listeners(self) -> &'static [Service] {
        match self {
            Self::TicketCreated
            | Self::TicketUpdated
            | Self::ExpirationComplete
            | Self::PaymentCreated
            | Self::PaymentSettled => &[Service::Orders],
            Self::OrderCompleted | Self::PaymentRejected => &[Service::Payments],
            Self::OrderExtended => &[Service::Expiration, Service::Payments],
            Self::OrderCreated | Self::OrderCancelled => {
                &[Service::Expiration, Service::Tickets, Service::Payments]
            }
        }
    }

    /// The services that overhear it: they get it when it is published or not at all, and nothing is kept for them.
    pub const fn overheard_by(self) -> &'static [Service] {
        match self {
            Self::TicketCreated
            | Self::TicketUpdated
            | Self::OrderCancelled
            | Self::OrderCompleted
            | Self::OrderExtended
            | Self::PaymentRejected
            | Self::PaymentSettled => &[Service::Client],
            Self::OrderCreated | Self::ExpirationComplete | Self::PaymentCreated => &[],
        }
    }
}

/// A text that is no subject of the contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown subject {0:?}")]
pub struct UnknownSubject(String);

impl FromStr for Subject {
    type Err = UnknownSubject;

    fn from_str(text: &str) -> Result<Self, UnknownSubject> {
        let known = Self::ALL.into_iter().find(|subject| subject.as_str() == text);
        known.ok_or_else(|| UnknownSubject(text.to_owned()))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
