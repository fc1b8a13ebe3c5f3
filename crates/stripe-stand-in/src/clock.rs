//! The time as the API gives it.

/// Seconds since the Unix epoch.
pub(crate) fn now() -> i64 {
    common::clock::now().timestamp()
}
