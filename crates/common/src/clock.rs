//! The one place that reads the wall clock.

use chrono::{DateTime, Utc};

/// The present instant by this machine's clock.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The present instant in whole milliseconds since the Unix epoch.
pub fn now_ms() -> i64 {
    now().timestamp_millis()
}

/// The present instant in whole microseconds since the Unix epoch.
pub fn now_us() -> i64 {
    now().timestamp_micros()
}
