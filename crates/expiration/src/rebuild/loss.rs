//! What is missing when a checkpoint does not hold.

/// Why the schedule has to be rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Loss {
    /// Wiped, forgotten by an operator, or never there.
    #[error("Redis has no checkpoint")]
    Checkpoint,
    /// A rebuild was killed half-way.
    #[error("the last rebuild has not come to its end")]
    Unfinished,
    /// What Redis acknowledged last before may be lost.
    #[error("Redis was restarted, or another server took over")]
    Run,
    /// What another server acknowledged meanwhile is not here.
    #[error(
        "Redis is a server again that another one had taken over from, and knows nothing of what that one took"
    )]
    CameBack,
    /// Whoever tells them tells again what is lost; what is in the schedule stays there.
    #[error("the orders' stream has lost the checkpoint's message, or is another stream")]
    Orders,
    /// Their timers have left the schedule.
    #[error("the stream of expirations has lost what it had acknowledged, or is another stream")]
    Expirations,
}
