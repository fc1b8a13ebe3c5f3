//! The secret key of a request: `Authorization: Bearer sk_...`, or Basic with the key as the user.

use axum::http::{HeaderMap, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::error::ApiError;

/// Refuses a request without the key. `expected`: this one only, else any that looks like a secret key.
pub(crate) fn check(headers: &HeaderMap, expected: Option<&str>) -> Result<(), ApiError> {
    let Some(key) = given(headers) else {
        let message = "You did not provide an API key. You need to provide your API key in the Authorization header, \
                       using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See \
                       https://stripe.com/docs/api#authentication for details, or we can help at \
                       https://support.stripe.com/.";
        return Err(ApiError::invalid(message).status(401));
    };
    if key.starts_with("pk_") {
        let message = "This API call cannot be made with a publishable API key. Please use a secret API key. You can \
                       find a list of your API keys at https://dashboard.stripe.com/account/apikeys.";
        return Err(ApiError::invalid(message).status(401).code("secret_key_required"));
    }
    let looks_right = ["sk_", "rk_"].iter().any(|prefix| key.starts_with(prefix));
    if looks_right && expected.is_none_or(|expected| expected == key) {
        return Ok(());
    }
    Err(ApiError::invalid(format!("Invalid API Key provided: {}", masked(&key))).status(401))
}

fn given(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    let key = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => rest.trim().to_owned(),
        "basic" => {
            let decoded = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
            decoded.split_once(':').map_or_else(|| decoded.clone(), |(user, _)| user.to_owned())
        }
        _ => return None,
    };
    (!key.is_empty()).then_some(key)
}

/// A key as an error may show it: its kind and its last characters.
fn masked(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    if letters.len() <= 16 {
        return "*".repeat(letters.len());
    }
    let start: String = letters[..8].iter().collect();
    let end: String = letters[letters.len() - 4..].iter().collect();
    format!("{start}{}{end}", "*".repeat(letters.len() - 12))
}
