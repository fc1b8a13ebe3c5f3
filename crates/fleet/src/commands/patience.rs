//! How often in a row console may bring no answer while something is watched that goes on without it.

use crate::{
    exit::{Exit, Failure},
    out::Out,
};

/// A forwarded port may have to be opened again meanwhile.
const MOST_LOST: u32 = 120;

/// Looks in a row that brought no answer.
#[derive(Debug)]
pub(super) struct Patience {
    lost: u32,
    goes_on: &'static str,
}

impl Patience {
    /// `goes_on` says that what is watched needs nobody to watch it.
    pub(super) const fn new(goes_on: &'static str) -> Self {
        Self { lost: 0, goes_on }
    }

    /// There is an answer again.
    pub(super) const fn answered(&mut self) {
        self.lost = 0;
    }

    /// One look more without an answer; the first is told of.
    ///
    /// # Errors
    /// When it was refused, or when there were too many.
    pub(super) fn lost(&mut self, failure: Failure, out: &Out) -> Result<(), Failure> {
        if failure.exit != Exit::Away || self.lost >= MOST_LOST {
            return Err(failure);
        }
        if self.lost == 0 {
            out.note(&format!("console does not answer; {}", self.goes_on));
        }
        self.lost += 1;
        Ok(())
    }
}
