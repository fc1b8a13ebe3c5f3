//! The e-mail address and the password in a request's body.

use common::api::FieldError;
use secrecy::SecretString;
use unicode_normalization::UnicodeNormalization as _;
use web::{ApiError, Body};

use crate::{
    email::Email,
    password::{LONGEST, SHORTEST},
};

const EMAIL: FieldError = FieldError::of("email", "Email must be valid");
const NEW_PASSWORD: FieldError = FieldError::of("password", "Password must be between 4 and 128 characters");
const PASSWORD: FieldError = FieldError::of("password", "You must supply a password");

/// An address and a password that an account may have.
pub(super) fn new_account(body: &Body) -> Result<(Email, SecretString), ApiError> {
    let fits =
        |password: &str| (SHORTEST..=LONGEST).contains(&password.nfc().count()) && !password.contains('\0');
    read(body, fits, NEW_PASSWORD)
}

/// An address and whatever was typed as the password.
pub(super) fn credentials(body: &Body) -> Result<(Email, SecretString), ApiError> {
    read(body, |password| !password.is_empty(), PASSWORD)
}

/// Tells everything that is wrong at once.
fn read(
    body: &Body,
    fits: impl FnOnce(&str) -> bool,
    unfit: FieldError,
) -> Result<(Email, SecretString), ApiError> {
    let email = body.field::<String>("email").and_then(|email| email.parse::<Email>().ok());
    let password = body.field::<String>("password").filter(|password| fits(password));
    match (email, password) {
        (Some(email), Some(password)) => Ok((email, password.into())),
        (email, password) => {
            let complaints = [email.is_none().then_some(EMAIL), password.is_none().then_some(unfit)];
            Err(ApiError::BadRequest(complaints.into_iter().flatten().collect()))
        }
    }
}
