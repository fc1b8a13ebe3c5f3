//! The orders' stream, and how far each message has come.

use crate::place::Place;

/// Messages that a stream has room for.
pub(crate) const MESSAGES: usize = 4;

/// An event of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fact {
    /// The order.
    pub order: u8,
    /// What is told of it.
    pub news: News,
}

/// What is told of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum News {
    /// `order:created`: due at 1.
    Created,
    /// `order:extended`: due at 2.
    Extended,
    /// `order:cancelled`
    Cancelled,
}

/// A message of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Message {
    pub(crate) fact: Fact,
    /// When it was stored, as far as a loss lies between.
    pub(crate) stored: u8,
    pub(crate) delivery: Delivery,
}

/// How far its consumer is with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Delivery {
    Waiting,
    /// In the set and not acknowledged (of a wrong consumer, the other way round).
    InHand,
    Acked,
}

/// The stream; the message with sequence 1 is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Stream {
    pub(crate) created: u8,
    /// How often it has lost something.
    losses: u8,
    messages: [Option<Message>; MESSAGES],
}

impl Stream {
    pub(crate) const EMPTY: Self = Self { created: 0, losses: 0, messages: [None; MESSAGES] };

    /// The messages with their sequences.
    pub(crate) fn messages(&self) -> impl Iterator<Item = (u8, &Message)> {
        (1..).zip(self.messages.iter().flatten())
    }

    pub(crate) fn get(&self, sequence: u8) -> Option<&Message> {
        self.messages.get(usize::from(sequence).wrapping_sub(1))?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, sequence: u8) -> Option<&mut Message> {
        self.messages.get_mut(usize::from(sequence).wrapping_sub(1))?.as_mut()
    }

    pub(crate) fn last(&self) -> u8 {
        self.messages().last().map_or(0, |(sequence, _)| sequence)
    }

    pub(crate) fn has(&self, fact: Fact) -> bool {
        self.messages().any(|(_, message)| message.fact == fact)
    }

    pub(crate) fn store(&mut self, fact: Fact) {
        let message = Message { fact, stored: self.losses, delivery: Delivery::Waiting };
        if let Some(free) = self.messages.iter_mut().find(|message| message.is_none()) {
            *free = Some(message);
        }
    }

    pub(crate) fn lose_newest(&mut self) {
        self.losses += 1;
        if let Some(newest) = self.messages.iter_mut().rev().find(|message| message.is_some()) {
            *newest = None;
        }
    }

    pub(crate) fn lose_all(&mut self) {
        *self = Self { created: self.created + 1, losses: self.losses + 1, messages: [None; MESSAGES] };
    }

    pub(crate) fn all_acked(&self, up_to: u8) -> bool {
        self.messages().all(|(sequence, message)| sequence > up_to || message.delivery == Delivery::Acked)
    }

    pub(crate) fn place(&self, sequence: u8) -> Place {
        let stored = self.get(sequence).map_or(0, |message| message.stored);
        Place { created: self.created, sequence, stored }
    }

    /// The stream as a reader keeps it: how far consumers are is nothing to it.
    pub(crate) fn copy(&self) -> Self {
        let mut copy = *self;
        copy.messages.iter_mut().flatten().for_each(|message| message.delivery = Delivery::Acked);
        copy.losses = 0;
        copy
    }
}
