//! The body of every answer that is an error: `{"errors": [{"message", "field"?}]}`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of every answer that is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Errors)]
pub struct ErrorBody {
    /// At least one. A reader takes none for an answer of somebody else.
    #[schema(min_items = 1)]
    #[serde(default)]
    pub errors: Vec<FieldError>,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Complaint)]
pub struct FieldError {
    /// What is wrong, for a person.
    #[schema(value_type = String)]
    pub message: Cow<'static, str>,
    /// The field of the body, or the parameter of the query, that it is about.
    #[schema(value_type = String)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Cow<'static, str>>,
}

impl FieldError {
    /// What is wrong with one field.
    pub const fn of(field: &'static str, message: &'static str) -> Self {
        Self { message: Cow::Borrowed(message), field: Some(Cow::Borrowed(field)) }
    }

    /// What is wrong with the request as a whole.
    pub const fn whole(message: &'static str) -> Self {
        Self { message: Cow::Borrowed(message), field: None }
    }
}
