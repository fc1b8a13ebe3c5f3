//! `?since=`: from which instant on.

use common::event::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use super::ApiError;

/// From when on.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SinceQuery {
    /// Events that tell of a change from then on.
    #[param(value_type = Timestamp)]
    since: Option<String>,
}

impl SinceQuery {
    /// The instant.
    ///
    /// # Errors
    /// 400 with the field, if there is none or it can't be read.
    pub fn instant(&self) -> Result<Timestamp, ApiError> {
        let since = self.since.as_deref().and_then(|text| text.parse().ok());
        since.ok_or_else(|| ApiError::no_instant("since"))
    }
}
