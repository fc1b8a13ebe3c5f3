//! Protocols that look right and are wrong.

/// What a wrong protocol does otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Money is captured once it is authorised, before `orders` has decided.
    CaptureBeforeDecide,
    /// An order expires by the clock alone, whatever payments are still unread.
    ExpireWithoutWatermark,
    /// The watermark asks for the last stored payment first and reads the clock after it.
    LastReadBeforeNow,
    /// The card is charged by the request that makes the intent, before the intent is in the row.
    ChargeAtCreation,
    /// A card whose charge was not answered is charged again in another intent.
    NewIntentOnRetry,
    /// Events are acknowledged before their effect is committed.
    AckBeforeCommit,
    /// A cancelled order closes its payments in the table alone.
    CloseWithoutAsking,
    /// The answer that opens a page overwrites that its order was cancelled meanwhile.
    ForgetClosing,
    /// A look-up that finds nothing ends a payment although a request for it may still be on its way.
    GiveUpOnLookUp,
    /// A completed order leaves its other payments open.
    LeaveRivalsOpen,
    /// An answer is written over whatever the row has become meanwhile.
    OverwriteRow,
    /// An event is published after the commit of what it tells, without an outbox row.
    TellWithoutOutbox,
    /// Money that nobody decides about is left as it is.
    NeverTellAgain,
    /// An expiry reads the order in one transaction and cancels it in another.
    CheckThenCancel,
}
