//! `fleet covered`: which operations of the API there is a command for, for the test that misses those without.

use crate::{
    call::Call,
    exit::{Exit, Failure},
    out::Out,
};

/// Prints one JSON array.
pub(crate) fn run(out: &Out) -> Result<Exit, Failure> {
    let covered: Vec<_> = Call::ALL.into_iter().map(Call::covered).collect();
    out.say(&serde_json::to_string(&covered).map_err(Failure::failed)?);
    Ok(Exit::Done)
}
