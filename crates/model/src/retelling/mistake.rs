//! Protocols that look right and are wrong.

/// What a wrong protocol does otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Nobody tells again.
    NeverTellAgain,
    /// The last acknowledged message is remembered in memory.
    RememberInMemory,
    /// The stream is compared by sequences alone.
    CompareSequenceAlone,
    /// The stream is compared by creation time and sequence, and not by the message.
    CompareCreationAlone,
    /// A relay remembers a new message without having seen the one before in the stream.
    AdvanceUnverified,
    /// A relay looks for the message that is remembered, and not for those that it has just published.
    VerifyRememberedAlone,
    /// A relay remembers a new message although another relay has remembered one since it looked.
    AdvanceWithoutComparing,
    /// A row is deleted from the outbox whether or not its PubAck comes.
    DeleteWithoutPubAck,
    /// An event is published before its change is committed.
    TellBeforeCommit,
    /// That all is well is stored in one transaction, and what to tell again in another after it.
    StoreBeforeTelling,
    /// A mark takes the clock, and not the begin of the oldest transaction.
    MarkWithoutMargin,
    /// A mark does not look at what still waits in the outbox.
    MarkWithoutOutbox,
    /// What is told again counts as changed now.
    RetoldCountsAsNew,
    /// Since the last mark, whatever the stream has lost.
    SinceLastMark,
    /// Only `order:created` is told again.
    RetellCreatedAlone,
    /// The consumers stay as they are.
    LeaveConsumers,
    /// The consumers are put right after the events are told again.
    ConsumersLast,
    /// Only the consumer of `order:cancelled` is put right.
    OneConsumer,
    /// The listener keeps no tombstone of an order that held the seat.
    NoTombstone,
}
