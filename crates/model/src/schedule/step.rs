//! What can happen.

use super::stream::Fact;

/// One step of anybody: of the environment down to [`Step::Advance`], of the system from [`Step::TimePasses`] on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A service tells something new, and it is stored.
    Tell(Fact),
    /// A worker is killed, and starts again.
    Kill(u8),
    /// A worker stands still: time passes, and whatever it holds lapses.
    Pause(u8),
    /// No PubAck comes; the expiration is stored or not.
    MissPubAck(u8, bool),
    /// A message is delivered again, because it was not acknowledged.
    Redeliver(u8),
    /// From now on Redis writes nothing to its disk, or to its replica.
    StopSaving,
    /// Redis crashes or fails over, and has what was saved.
    CrashRedis,
    /// Redis is emptied while it runs.
    WipeRedis,
    /// The orders' stream loses its newest message.
    LoseNewest,
    /// The orders' stream is deleted, and made anew.
    LoseStream,
    /// The duplicate window passes, which is longer than every lease.
    TwoMinutes,
    /// A worker asks for the last message.
    NoteLast,
    /// It finds everything up to that message acknowledged by all three consumers.
    SeeAcknowledged,
    /// It advances the checkpoint.
    Advance,
    /// Time passes, and with it the leases.
    TimePasses,
    /// `orders` tells again what its stream has lost.
    TellAgain(Fact),
    /// A consumer applies the message to the set.
    Handle(u8),
    /// It acknowledges.
    Acknowledge(u8),
    /// A worker claims the job of an order.
    Claim(u8, u8),
    /// It publishes the expiration, and the PubAck comes.
    Publish(u8),
    /// It completes or releases.
    Settle(u8),
    /// A worker that stood still goes on.
    Resume(u8),
    /// A worker finds no checkpoint that holds, and takes the lease of the rebuild.
    Begin(u8),
    /// It reads the stream.
    ReadStream(u8),
    /// It reads the expiration stream.
    ReadFired(u8),
    /// It applies the next message, and with the last one it ends.
    Apply(u8),
}
