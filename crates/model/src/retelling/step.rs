//! What can happen.

use super::stream::Fact;

/// One step of anybody: of the environment down to [`Step::TimePasses`], of the system from [`Step::Commit`] on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A transaction begins that changes an order.
    Change(Fact),
    /// It is rolled back.
    RollBack,
    /// A foreign service publishes.
    TellForeign,
    /// A relay is killed.
    Kill(u8),
    /// The process that checks is killed.
    KillCheck,
    /// No PubAck comes for a row of the outbox; it is stored or not.
    MissPubAck(u8, bool),
    /// A relay that has not noticed a loss publishes a row.
    PublishUnaware(u8),
    /// The stream loses that many of its newest messages; its consumers keep what they knew, or lose it too.
    LoseNewest(u8, bool),
    /// The stream is deleted, and made anew.
    LoseStream,
    /// The listener commits, and its acknowledgement is lost.
    HandleOnly(u8),
    /// The check writes a new mark.
    Mark,
    /// Postgres' clock goes on.
    TimePasses,
    /// The transaction commits, with its outbox row.
    Commit,
    /// A relay publishes a row of the outbox, and the PubAck comes.
    Publish(u8),
    /// It looks whether the stream still has the message that is remembered.
    Verify(u8),
    /// It deletes the row and remembers where it was stored.
    Delete(u8),
    /// The check finds that the remembered message is not in the stream.
    Look,
    /// It puts the consumers right.
    PutRight,
    /// It tells again.
    TellAgain,
    /// The listener commits and acknowledges.
    Handle(u8),
}
