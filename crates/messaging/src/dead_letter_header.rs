//! Headers of a dead letter. The original ones stand beside them, prefixed [`ORIGINAL`].

/// Prefix of the original message's headers.
pub const ORIGINAL: &str = "orig-";
/// Stream that the message came from.
pub const STREAM: &str = "dead-letter-stream";
/// Its sequence there.
pub const SEQUENCE: &str = "dead-letter-sequence";
/// Its subject.
pub const SUBJECT: &str = "dead-letter-subject";
/// When it was stored there, RFC 3339.
pub const PUBLISHED: &str = "dead-letter-published";
/// The durable consumer that gave it up.
pub const CONSUMER: &str = "dead-letter-consumer";
/// Why.
pub const REASON: &str = "dead-letter-reason";
/// Length of the original body in bytes, where it did not fit and was cut.
pub const CUT_FROM: &str = "dead-letter-cut-from";
/// How often it was replayed, and failed again. Left out: never.
pub const REPLAYS: &str = "dead-letter-replays";
