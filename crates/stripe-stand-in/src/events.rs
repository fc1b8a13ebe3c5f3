//! `/v1/events`.

use std::sync::Arc;

use serde_json::Value;

use crate::{error::ApiError, form::Form, objects::Event, state::State, table::PAGING};

impl State {
    pub(crate) fn get_event(&self, id: &str) -> Result<Value, ApiError> {
        Ok(self.events.find(id, "id")?.render())
    }

    pub(crate) fn list_events(&self, form: &Form) -> Result<Value, ApiError> {
        form.only(&[&PAGING[..], &["type"]].concat())?;
        let kind = form.text("type")?;
        let wanted = |event: &Arc<Event>| kind.is_none_or(|kind| event.kind == kind);
        self.events.page("/v1/events", form, wanted, |event| event.render())
    }
}
