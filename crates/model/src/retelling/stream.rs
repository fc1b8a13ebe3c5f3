//! The stream of `orders`, with the two consumers of its listener.

use crate::place::Place;

/// Messages that a stream has room for.
pub(crate) const MESSAGES: usize = 8;

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    /// `order:created`
    Created(u8),
    /// `order:cancelled`
    Cancelled(u8),
    /// An event of a service that is not ours, which tells without asking anybody.
    Foreign,
}

/// A message of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Message {
    pub(crate) fact: Fact,
    /// When it was stored, as far as a loss lies between.
    stored: u8,
}

/// The stream; the message with sequence 1 is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Stream {
    pub(crate) created: u8,
    /// How often it has lost something.
    losses: u8,
    messages: [Option<Message>; MESSAGES],
    /// Sequences that count as acknowledged by the consumer of `order:created`, a bit for each; then the other's.
    acked: [u8; 2],
}

impl Stream {
    pub(crate) const EMPTY: Self = Self { created: 0, losses: 0, messages: [None; MESSAGES], acked: [0; 2] };

    /// The messages with their sequences.
    pub(crate) fn messages(&self) -> impl Iterator<Item = (u8, Fact)> {
        (1..).zip(self.messages.iter().flatten().map(|message| message.fact))
    }

    pub(crate) fn get(&self, sequence: u8) -> Option<&Message> {
        self.messages.get(usize::from(sequence).wrapping_sub(1))?.as_ref()
    }

    pub(crate) fn last(&self) -> u8 {
        self.messages().last().map_or(0, |(sequence, _)| sequence)
    }

    pub(crate) fn place(&self, sequence: u8) -> Place {
        let stored = self.get(sequence).map_or(0, |message| message.stored);
        Place { created: self.created, sequence, stored }
    }

    pub(crate) fn has(&self, place: Place) -> bool {
        place.is_in(self.created, self.get(place.sequence).map(|message| message.stored))
    }

    pub(crate) fn is_full(&self) -> bool {
        usize::from(self.last()) == MESSAGES
    }

    /// Stores a message, and answers where.
    pub(crate) fn store(&mut self, fact: Fact) -> Place {
        let message = Message { fact, stored: self.losses };
        if let Some(free) = self.messages.iter_mut().find(|message| message.is_none()) {
            *free = Some(message);
        }
        self.place(self.last())
    }

    /// The newest messages are lost. Consumers that keep what they knew are ahead of the stream then: what takes the
    /// sequences up to the last one that they have seen is never delivered.
    pub(crate) fn lose_newest(&mut self, count: u8, consumers_keep: bool) {
        self.losses += 1;
        let last = self.last().saturating_sub(count);
        for message in self.messages.iter_mut().skip(usize::from(last)) {
            *message = None;
        }
        let beyond = up_to(8) & !up_to(last);
        for acked in &mut self.acked {
            let seen = 8 - u8::try_from((*acked & beyond).leading_zeros()).unwrap_or(8);
            *acked &= !beyond;
            if consumers_keep {
                *acked |= up_to(seen) & beyond;
            }
        }
    }

    /// The stream is deleted with its consumers, and all of them are made anew.
    pub(crate) fn lose_all(&mut self) {
        *self = Self { created: self.created + 1, losses: self.losses + 1, ..Self::EMPTY };
    }

    /// The messages that wait for their consumer.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (u8, Fact)> {
        self.messages().filter(|(sequence, fact)| {
            consumer_of(*fact).is_some_and(|consumer| self.acked[consumer] & bit(*sequence) == 0)
        })
    }

    pub(crate) fn acknowledge(&mut self, sequence: u8) {
        if let Some(consumer) = self.get(sequence).and_then(|message| consumer_of(message.fact)) {
            self.acked[consumer] |= bit(sequence);
        }
    }

    /// A consumer is made anew, and begins behind this sequence.
    pub(crate) fn begin_again(&mut self, consumer: usize, behind: u8) {
        self.acked[consumer] = up_to(behind);
    }

    /// Whether a consumer counts something as acknowledged that lies behind this sequence.
    pub(crate) fn is_beyond(&self, consumer: usize, sequence: u8) -> bool {
        self.acked[consumer] & !up_to(sequence) != 0
    }
}

fn consumer_of(fact: Fact) -> Option<usize> {
    match fact {
        Fact::Created(_) => Some(0),
        Fact::Cancelled(_) => Some(1),
        Fact::Foreign => None,
    }
}

const fn bit(sequence: u8) -> u8 {
    1 << (sequence - 1)
}

/// The bits of all sequences up to this one.
fn up_to(sequence: u8) -> u8 {
    (1..=sequence).map(bit).fold(0, |all, bit| all | bit)
}
