//! `/api/users`

use serde::Serialize;
use utoipa::ToSchema;

use crate::event::Id;

/// A user as the API shows one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserBody {
    /// The user.
    pub id: Id,
    /// Normalised: in lower case. A session that another service has opened may be without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "email", nullable = false)]
    pub email: Option<String>,
}

/// The user who is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CurrentUser)]
#[serde(rename_all = "camelCase")]
pub struct CurrentUserBody {
    /// `null` if nobody is.
    pub current_user: Option<UserBody>,
}

/// Nothing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Nothing)]
pub struct SignedOutBody {}

/// What an account is created from.
#[derive(ToSchema)]
#[schema(as = NewAccount)]
pub struct NewAccountBody {
    /// Upper and lower case are the same.
    #[schema(format = "email", max_length = 254)]
    pub email: String,
    /// Counted in Unicode scalar values; without U+0000.
    #[schema(format = "password", min_length = 4, max_length = 128)]
    pub password: String,
}

/// What a user signs in with.
#[derive(ToSchema)]
#[schema(as = Credentials)]
pub struct CredentialsBody {
    /// Upper and lower case are the same.
    #[schema(format = "email", max_length = 254)]
    pub email: String,
    /// The password.
    #[schema(format = "password", min_length = 1)]
    pub password: String,
}
