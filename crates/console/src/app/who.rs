//! Who asks, for the pages.

use axum::http::{HeaderValue, request::Parts};
use secrecy::SecretString;

use super::{App, R};
use crate::access::{Actor, Stranger};

impl App {
    /// Who sends this request to a page; nobody if that is not known. What is forged goes into the audit.
    pub async fn actor(&self, parts: &Parts) -> Option<Actor> {
        match self.0.access.identify(parts) {
            Ok((actor, _)) => Some(actor),
            Err(stranger) => {
                if matches!(stranger, Stranger::ForgedProxy | Stranger::UnknownToken) {
                    self.refused(None, parts, "openPage", &stranger.to_string()).await;
                }
                None
            }
        }
    }

    /// Begins the session of a page: the cookie to set.
    ///
    /// # Errors
    /// 401 for a wrong token, 429 after too many of them.
    pub async fn sign_in(&self, token: &str, parts: &Parts) -> R<HeaderValue> {
        match self.0.access.sign_in(token, parts) {
            Ok((_, cookie)) => Ok(cookie),
            Err(failure) => {
                self.refused(None, parts, "signIn", &failure.to_string()).await;
                Err(failure)
            }
        }
    }

    /// The cookie that ends a session.
    pub fn sign_out(&self) -> HeaderValue {
        self.0.access.sign_out()
    }

    /// Whether nobody may act.
    pub fn read_only(&self) -> bool {
        self.0.access.read_only()
    }

    /// Whether cookies travel over HTTPS only.
    pub fn secure_cookies(&self) -> bool {
        self.0.access.secure_cookies()
    }

    /// Signs the forms of the pages; the same in every process.
    pub fn form_key(&self) -> SecretString {
        self.0.form_key.clone()
    }
}
