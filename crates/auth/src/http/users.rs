//! `/api/users`

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header::SET_COOKIE},
    response::AppendHeaders,
};
use common::{
    api::{CredentialsBody, CurrentUserBody, ErrorBody, NewAccountBody, SignedOutBody, UserBody},
    event::Id,
};
use tracing::Span;
use web::{ApiError, Body, Sessions, User, failed, session::MaybeUser, turned_away};

use super::{
    Api,
    client::ClientAddress,
    credentials::{credentials, new_account},
    transport::warn_of_lost_cookie,
};
use crate::{accounts::Refusal, email::Email, limit::Client, password::PasswordError};

/// A user as the API shows one.
fn body_of(User { id, email }: User) -> UserBody {
    UserBody { id, email }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::EmailInUse => Self::bad_request("Email in use"),
            Refusal::InvalidCredentials => Self::bad_request("Invalid credentials"),
            Refusal::TooManyAttempts(remaining) => Self::TooManyAttempts(remaining),
            Refusal::Database(error) => error.into(),
            Refusal::Busy | Refusal::Password(PasswordError::Busy) => turned_away(&refusal),
            Refusal::Password(_) | Refusal::Panicked(_) => failed(&refusal),
        }
    }
}

/// The answer that signs somebody in.
type SignedIn = (StatusCode, [(HeaderName, String); 1], Json<UserBody>);

fn signed_in(status: StatusCode, api: &Api, id: Id, email: &Email) -> SignedIn {
    Span::current().record("user", id.as_str());
    let user = User { id, email: Some(email.as_str().to_owned()) };
    let cookie = api.sessions.open(&user, api.cookies.lifetime, api.cookies.secure);
    (status, [(SET_COOKIE, cookie)], Json(body_of(user)))
}

/// Create an account and sign in to it
#[utoipa::path(
    post,
    path = "/api/users/signup",
    tag = "users",
    request_body = NewAccountBody,
    responses(
        (status = 201, body = UserBody, description = "The account is there and its user signed in.",
         headers(("Set-Cookie" = String, description = "The session."))),
        (status = 400, body = ErrorBody, description = "A field is wrong, or the e-mail address is in use."),
        (status = 429, body = ErrorBody, description = "Too many attempts from this address failed.",
         headers(("Retry-After" = u64, description = "Seconds until another try makes sense."))),
    )
)]
pub(super) async fn sign_up(
    State(api): State<Api>,
    ClientAddress(from): ClientAddress,
    headers: HeaderMap,
    body: Body,
) -> Result<SignedIn, ApiError> {
    let (email, password) = new_account(&body)?;
    let user = api.accounts.sign_up(&email, password, from).await?;
    warn_of_lost_cookie(&headers, api.cookies.secure);
    Ok(signed_in(StatusCode::CREATED, &api, user, &email))
}

/// Sign in
#[utoipa::path(
    post,
    path = "/api/users/signin",
    tag = "users",
    request_body = CredentialsBody,
    responses(
        (status = 200, body = UserBody, description = "The user is signed in.",
         headers(("Set-Cookie" = String, description = "The session."))),
        (status = 400, body = ErrorBody, description = "A field is wrong, or they are not those of an account."),
        (status = 429, body = ErrorBody, description = "Too many attempts at this account, or from this address, failed.",
         headers(("Retry-After" = u64, description = "Seconds until another try makes sense."))),
    )
)]
pub(super) async fn sign_in(
    State(api): State<Api>,
    ClientAddress(address): ClientAddress,
    MaybeUser(session): MaybeUser,
    headers: HeaderMap,
    body: Body,
) -> Result<SignedIn, ApiError> {
    let (email, password) = credentials(&body)?;
    let client = Client { address, signed_in_as: session.and_then(|user| user.email) };
    let user = api.accounts.sign_in(&email, password, client).await?;
    warn_of_lost_cookie(&headers, api.cookies.secure);
    Ok(signed_in(StatusCode::OK, &api, user, &email))
}

/// Sign out
#[utoipa::path(
    post,
    path = "/api/users/signout",
    tag = "users",
    responses(
        (status = 200, body = SignedOutBody, description = "Nobody is signed in.",
         headers(("Set-Cookie" = String, description = "Ends the session."))),
    )
)]
pub(super) async fn sign_out(
    State(api): State<Api>,
) -> (AppendHeaders<[(HeaderName, String); 2]>, Json<SignedOutBody>) {
    let cleared = Sessions::close(api.cookies.secure).map(|cookie| (SET_COOKIE, cookie));
    (AppendHeaders(cleared), Json(SignedOutBody {}))
}

/// Show who is signed in
#[utoipa::path(
    get,
    path = "/api/users/currentuser",
    tag = "users",
    security((), ("session" = [])),
    responses((status = 200, body = CurrentUserBody, description = "Whoever is signed in, if anyone is."))
)]
pub(super) async fn current(MaybeUser(user): MaybeUser) -> Json<CurrentUserBody> {
    Json(CurrentUserBody { current_user: user.map(body_of) })
}
