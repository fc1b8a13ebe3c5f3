//! What an error of the database means for the work that met it.

use sqlx::{Error, error::DatabaseError, postgres::PgDatabaseError};

/// What to do about an error of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server is away, restarting, full, read-only or too busy: the same work will succeed once it is back.
    Unavailable,
    /// Two transactions stood in each other's way and this one lost: run it again at once.
    Conflict,
    /// The connection has prepared the statement for a table that has changed since: run it again on another one.
    StalePlan,
    /// Anything else: the work itself is wrong.
    Fault,
}

impl Failure {
    /// The one place that knows which errors are which.
    ///
    /// An error of a COMMIT is ambiguous, and ends up as `Unavailable` when the answer was lost: whatever runs in a
    /// transaction is idempotent, so that it can be run again.
    pub fn of(error: &Error) -> Self {
        match error {
            Error::Database(error) if is_stale_plan(error.as_ref()) => Self::StalePlan,
            Error::Database(error) => error.code().map_or(Self::Fault, |code| Self::of_sqlstate(&code)),
            Error::Io(_)
            | Error::Tls(_)
            | Error::Protocol(_)
            | Error::PoolTimedOut
            | Error::PoolClosed
            | Error::WorkerCrashed
            | Error::BeginFailed => Self::Unavailable,
            _ => Self::Fault,
        }
    }

    /// Whether the work may have been done all the same: the answer was lost, perhaps that to its commit. For work that is
    /// not run again by whoever asked for it.
    pub fn is_ambiguous(error: &Error) -> bool {
        match error {
            Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => true,
            // Connection exceptions, statement_completion_unknown, the server going down.
            Error::Database(error) => error
                .code()
                .is_some_and(|code| code.starts_with("08") || code == "40003" || code.starts_with("57P")),
            _ => false,
        }
    }

    fn of_sqlstate(code: &str) -> Self {
        match code {
            // deadlock_detected, serialization_failure
            "40P01" | "40001" => Self::Conflict,
            // read_only_sql_transaction (a replica after a failover), lock_not_available, query_canceled (also what
            // statement_timeout ends with), the two timeouts of an idle session, idle_in_transaction's among them.
            "25006" | "55P03" | "57014" | "25P03" | "25P04" => Self::Unavailable,
            // undefined_table, undefined_column: a replica that starts beside this one has not migrated yet.
            "42P01" | "42703" => Self::Unavailable,
            // insufficient_privilege: the role is not set up yet, or no longer. No event and no visitor can help it.
            "42501" => Self::Unavailable,
            // statement_completion_unknown
            "40003" => Self::Unavailable,
            _ => match &code[..code.len().min(2)] {
                // Connection exceptions, insufficient resources, operator intervention, system errors; and a
                // password or a database that is not there yet.
                "08" | "53" | "57" | "58" | "28" | "3D" => Self::Unavailable,
                _ => Self::Fault,
            },
        }
    }
}

/// `cached plan must not change result type`: its code says only feature_not_supported, so the routine that raises it
/// has to.
fn is_stale_plan(error: &dyn DatabaseError) -> bool {
    let routine = error.try_downcast_ref::<PgDatabaseError>().and_then(PgDatabaseError::routine);
    routine == Some("RevalidateCachedQuery")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_lost_or_overloaded_server_is_unavailable() {
        for error in [
            Error::Io(io::ErrorKind::ConnectionRefused.into()),
            Error::PoolTimedOut,
            Error::PoolClosed,
            Error::WorkerCrashed,
        ] {
            assert_eq!(Failure::of(&error), Failure::Unavailable, "{error}");
        }
        for code in [
            "08006", "53300", "53100", "57P01", "57P02", "57P03", "57014", "25006", "55P03", "58030", "42501",
        ] {
            assert_eq!(Failure::of_sqlstate(code), Failure::Unavailable, "{code}");
        }
    }

    #[test]
    fn only_a_lost_answer_is_ambiguous() {
        assert!(Failure::is_ambiguous(&Error::Io(io::ErrorKind::TimedOut.into())));
        for error in [Error::PoolTimedOut, Error::PoolClosed, Error::RowNotFound] {
            assert!(!Failure::is_ambiguous(&error), "{error}");
        }
    }

    #[test]
    fn a_deadlock_and_a_serialization_failure_are_run_again() {
        for code in ["40P01", "40001"] {
            assert_eq!(Failure::of_sqlstate(code), Failure::Conflict, "{code}");
        }
    }

    #[test]
    fn what_the_work_did_wrong_is_a_fault() {
        for code in ["23505", "23514", "22021", "42601", "XX000", ""] {
            assert_eq!(Failure::of_sqlstate(code), Failure::Fault, "{code}");
        }
        assert_eq!(Failure::of(&Error::RowNotFound), Failure::Fault);
    }
}
