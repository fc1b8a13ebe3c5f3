//! What a buyer asks a list for: `?status=`.

use serde::Deserialize;
use utoipa::IntoParams;
use web::ApiError;

use crate::store::Which;

/// Which tickets are asked for, in the query string.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichQuery {
    /// `free`, those that can be bought, unless told otherwise; `all`, the reserved and the sold ones too.
    #[param(required = false)]
    status: Option<String>,
}

impl WhichQuery {
    /// Reads it, and complains of what is no status.
    pub(super) fn read(&self) -> Result<Which, ApiError> {
        match self.status.as_deref() {
            None | Some("free") => Ok(Which::Free),
            Some("all") => Ok(Which::All),
            Some(_) => Err(ApiError::bad_field("status", "Status must be free or all")),
        }
    }
}
