//! The body of every answer that is an error: `{"errors": [{"message", "field"?}]}`.

use serde::Serialize;
use utoipa::ToSchema;

/// The body of every answer that is an error.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Errors)]
pub struct ErrorBody {
    /// At least one.
    #[schema(min_items = 1)]
    pub errors: Vec<FieldError>,
}

/// One thing that is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Complaint)]
pub struct FieldError {
    /// What is wrong, for a person.
    #[schema(value_type = String)]
    pub message: &'static str,
    /// The field of the body, or the parameter of the query, that it is about.
    #[schema(value_type = String)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
}
