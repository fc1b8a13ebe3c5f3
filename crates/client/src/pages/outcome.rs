//! What a post or an API's refusal leads to, the same on every page.

use axum::{
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::Response,
};
use page_kit::{Distrust, Posted};

use super::{notices, redirect::see, view::View};
use crate::{api::Failure, shop::Who};

impl View {
    /// Whether a post may be taken, or else the answer to it; `again` shows the form as it was sent.
    pub(super) fn check(
        &self,
        posted: &Posted,
        again: impl FnOnce(&str) -> Response,
    ) -> Result<(), Box<Response>> {
        match self.shop.forms.check(&self.form, self.visit.is_cross_site, posted) {
            Ok(()) => Ok(()),
            Err(Distrust::CrossSite) => Err(Box::new(notices::refused(self))),
            Err(Distrust::Unreadable(status)) => Err(Box::new(notices::unreadable(self, status))),
            Err(Distrust::Stale) => {
                let mut response = again(
                    "This form had been open for too long or your browser has lost its cookie. Please send it again.",
                );
                *response.status_mut() = StatusCode::FORBIDDEN;
                Err(Box::new(response))
            }
        }
    }

    /// The page for an API that does not do what is asked; `here` is where the visitor comes back to after signing in.
    pub(super) fn failed(&self, failure: &Failure, here: &str) -> Response {
        match failure {
            Failure::NotAuthorised if self.who == Who::Nobody => see(&Self::sign_in(here)),
            Failure::NotAuthorised => notices::not_yours(self),
            Failure::NotFound => notices::not_found(self),
            Failure::Refused(errors) => {
                let messages: Vec<&str> = errors.iter().map(|error| error.message.as_ref()).collect();
                notices::did_not_work(self, StatusCode::BAD_REQUEST, &messages)
            }
            Failure::Changed => {
                let message = "Somebody has changed it in the meantime. Please look at it again.";
                notices::did_not_work(self, StatusCode::CONFLICT, &[message])
            }
            Failure::TooMany { message, wait } => {
                let mut response = notices::too_many(self, message, *wait);
                let wait = wait.map(|wait| (RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1))));
                response.headers_mut().extend(wait);
                response
            }
            Failure::Away { service, reason } => {
                tracing::debug!("{service} is away: {reason}");
                let mut response = notices::away(self, *service);
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(5));
                response
            }
        }
    }
}
