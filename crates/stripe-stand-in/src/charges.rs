//! Look-up of charges, and what a call does to one.

use serde_json::Value;

use crate::{error::ApiError, form::Form, objects::Charge, state::State, table::PAGING};

impl State {
    pub(crate) fn get_charge(&self, id: &str, form: &Form) -> Result<Value, ApiError> {
        form.only(&["expand"])?;
        Ok(self.charges.find(id, "id")?.render())
    }

    pub(crate) fn list_charges(&self, form: &Form) -> Result<Value, ApiError> {
        form.only(&[&PAGING[..], &["payment_intent"]].concat())?;
        let intent = form.text("payment_intent")?;
        let wanted = |charge: &Charge| intent.is_none_or(|intent| charge.intent == intent);
        self.charges.page("/v1/charges", form, wanted, Charge::render)
    }

    /// Changes a charge that is known to exist, and returns what it looks like then.
    pub(crate) fn change_charge(
        &mut self,
        id: Option<&str>,
        change: impl FnOnce(&mut Charge),
    ) -> Option<Value> {
        let charge = self.charges.get_mut(id?)?;
        change(charge);
        Some(charge.render())
    }
}
