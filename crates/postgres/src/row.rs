//! From the columns that the services have in common to what they mean. One that means nothing is a decoding error.

use common::event::Id;
use sqlx::Error;

/// An id as it is stored.
///
/// # Errors
/// [`Error::Decode`] for a text that is no id.
pub fn id(text: String) -> Result<Id, Error> {
    text.try_into().map_err(decode)
}

/// The version of an entity, a `bigint` in the table.
///
/// # Errors
/// [`Error::Decode`] for a number that is no version.
pub fn version(number: i64) -> Result<u32, Error> {
    number.try_into().map_err(decode)
}

/// What a column holds and must not.
pub fn decode(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Decode(Box::new(error))
}

/// Holds an update to the number of rows that it was about to touch. They are locked, so another number is a defect,
/// and the error rolls the transaction back.
///
/// # Errors
/// [`Error::Encode`], naming `what`, for another number.
pub fn expect_rows(touched: u64, expected: usize, what: &str) -> Result<(), Error> {
    if touched == expected as u64 {
        return Ok(());
    }
    Err(Error::Encode(format!("{what} touched {touched} rows instead of {expected}").into()))
}
