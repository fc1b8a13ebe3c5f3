//! A place in a stream.

/// Names a message such that another stream, or one that has lost messages and grown again, does not look alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    /// When the stream was created.
    pub(crate) created: u8,
    /// 0 before the first message.
    pub(crate) sequence: u8,
    /// When the message with this sequence was stored.
    pub(crate) stored: u8,
}

impl Place {
    /// Before the first message of a stream.
    pub(crate) const fn before_first(created: u8) -> Self {
        Self { created, sequence: 0, stored: 0 }
    }

    /// Whether a stream still has it: `stored` is when the message that has this sequence now was stored, if there is one.
    pub(crate) fn is_in(self, created: u8, stored: Option<u8>) -> bool {
        self.created == created && (self.sequence == 0 || stored == Some(self.stored))
    }
}
