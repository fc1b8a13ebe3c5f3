//! The one place that reads the wall clock.

use chrono::{DateTime, SecondsFormat, Utc};

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

/// The present instant in RFC 3339, in UTC with milliseconds, as on the wire.
pub fn now_rfc3339() -> String {
    now().to_rfc3339_opts(SecondsFormat::Millis, true)
}
