//! Protocols that look right and are wrong.

/// What a wrong protocol does otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// What is due is decided by the worker's clock alone.
    ClaimByOwnClock,
    /// A lease is counted by the worker's clock alone.
    LeaseByOwnClock,
    /// A release gives a job back whoever holds it now.
    ReleaseWithoutHolder,
    /// A claim is completed by the order's id, whoever holds it now.
    CompleteById,
    /// A claim is completed before its PubAck has come.
    CompleteWithoutPubAck,
    /// Each publish has a message id of its own.
    FreshMessageId,
    /// An event is acknowledged before it is in the set.
    AckBeforeSet,
    /// An extension moves a timer that a worker has claimed.
    ExtendClaimed,
    /// An extension is dropped when the timer is not there yet.
    ExtendOnlyExisting,
    /// Whoever advances the checkpoint creates it where there is none.
    CreatedByAnyone,
    /// The checkpoint is advanced although Redis may have lost something since the last rebuild.
    AdvanceAcrossRuns,
    /// What is acknowledged is looked at before the last message is asked for.
    LastReadAfterFloor,
    /// The checkpoint is advanced to the last message, whatever is acknowledged.
    AdvanceWithoutFloor,
    /// A lost second is looked for by the checkpoint's sequence alone, not by the run.
    TrustRestart,
    /// The checkpoint is compared with the stream by its sequence alone.
    CompareSequenceAlone,
    /// The checkpoint is compared with the stream by the creation time alone.
    CompareCreationAlone,
    /// A rebuild advances the checkpoint first, and adds the timer in a command of its own.
    CheckpointBeforeSet,
    /// A rebuild adds timers without `NX`.
    RebuildWithoutNx,
    /// A rebuild adds timers that have fired.
    ForgetFired,
    /// A rebuild goes on after its lease.
    RebuildWithoutLease,
    /// A rebuild ends in another run of Redis than the one in which it asked for the last message.
    FinishInAnotherRun,
    /// A rebuild writes its checkpoint whatever has become of the one that it went on from.
    RebuildWithoutComparing,
    /// A rebuild removes every timer that the part of the stream that it has read does not speak of.
    RemoveUnread,
    /// A rebuild begins with an empty set.
    ClearFirst,
    /// A rebuild does not apply extensions.
    ForgetExtensions,
    /// A rebuild that finds a checkpoint of another stream goes on from its sequence.
    ResumeInAnotherStream,
}
