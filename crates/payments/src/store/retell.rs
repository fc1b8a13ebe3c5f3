//! What is told again when the broker has lost it, or an operator asks for it.

use outbox::{Outbox, Retelling};

use super::Store;

/// Everything of this service's that its listeners have to know.
pub static RETELLING: Retelling = outbox::retelling!("retell.sql");

impl Store {
    /// The outbox, for operators.
    pub fn outbox(&self) -> Outbox {
        Outbox::new(self.database.clone(), self.wake.clone(), &RETELLING)
    }
}
