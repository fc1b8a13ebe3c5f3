//! The names of the schedule's keys, built here and nowhere else.

/// The keys of one cluster's schedule. The braces keep them in one slot of a Redis Cluster.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    /// Sorted set: member = order id, score = due time in ms since the epoch. A score with a fraction is a claim.
    pub(super) due: String,
    /// Counter from which each claim takes its fraction.
    pub(super) claims: String,
    /// Sorted set with one member, whose score is the fleet's clock in ms: the latest that a worker and Redis agreed on.
    pub(super) clock: String,
    /// Hash of the pause; there is none while timers fire as they fall due.
    pub(super) pause: String,
    /// Hash: the fraction of a claim's score, 1 to 4095 -> its score and who has it. It keeps what is over until the
    /// fraction comes round again.
    pub(super) holders: String,
    /// Hash: the places in the streams up to which everything is in the set, and the run of Redis in which that is so.
    pub(super) checkpoint: String,
    /// Hash: who rebuilds, until when, and how far it is. What is left of one that is over means nothing.
    pub(super) rebuild: String,
}

impl Keys {
    pub(super) fn new(cluster: &str) -> Self {
        let schedule = format!("{{{cluster}:order:expiration}}");
        Self {
            due: format!("{schedule}:due"),
            claims: format!("{schedule}:claims"),
            clock: format!("{schedule}:clock"),
            pause: format!("{schedule}:pause"),
            holders: format!("{schedule}:holders"),
            checkpoint: format!("{schedule}:checkpoint"),
            rebuild: format!("{schedule}:rebuild"),
        }
    }
}
