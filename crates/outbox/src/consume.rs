//! What an error of the database means to a handler that met it.

use messaging::BatchError;
use postgres::Failure;

/// What an error of a store means to the consumer loop. A deadlock that the store could not resolve by running again
/// goes back to the loop, which waits a little: that is no event's fault either.
pub fn batch_error(error: sqlx::Error) -> BatchError {
    match Failure::of(&error) {
        Failure::Unavailable | Failure::Conflict | Failure::StalePlan => {
            BatchError::Unavailable(error.into())
        }
        Failure::Fault => BatchError::Failed(error.into()),
    }
}
