//! From a page, an act or a failure to what a browser gets.

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{LOCATION, RETRY_AFTER, SET_COOKIE},
    },
    response::{Html, IntoResponse as _, Response},
};
use maud::html;
use page_kit::Posted;

use super::{
    again::Again,
    flash, layout,
    page::Page,
    posts,
    reader::Reader,
    visit::{SignedIn, Visit},
};
use crate::failure::Failure;

impl Visit {
    /// Where to go on: a reload asks for the page and posts nothing again.
    pub(super) fn see(url: &str) -> Response {
        match HeaderValue::try_from(url) {
            Ok(url) => (StatusCode::SEE_OTHER, [(LOCATION, url)]).into_response(),
            Err(_) => StatusCode::BAD_REQUEST.into_response(),
        }
    }

    /// A page.
    pub(super) fn answer(&self, status: StatusCode, page: &Page, reader: &Reader) -> Response {
        let mut response = (status, Html(layout::document(reader, page).into_string())).into_response();
        let headers = response.headers_mut();
        headers.extend(self.form_cookie().map(|cookie| (SET_COOKIE, cookie)));
        let taken = self.carried().and_then(|(_, cookie)| cookie);
        if let Some(cookie) = taken {
            headers.append(SET_COOKIE, cookie);
        }
        response
    }

    /// A page that says what is not there or was not done, and what to do about it.
    pub(super) fn failed(&self, failure: &Failure, reader: &Reader) -> Response {
        if failure.status == StatusCode::UNAUTHORIZED {
            return self.sign_in();
        }
        let (title, next) = match failure.status {
            StatusCode::FORBIDDEN => ("Not allowed", "Ask for a token of an operator if it has to be you."),
            StatusCode::NOT_FOUND => {
                ("Not found", "It may be over already, or its address was copied only in part.")
            }
            StatusCode::CONFLICT => ("Too late", "Something else was faster. Look at it again."),
            StatusCode::SERVICE_UNAVAILABLE => {
                ("Not available", "Nothing was done. Try again in a moment, and look at the overview.")
            }
            StatusCode::BAD_REQUEST => ("That didn’t work", "Go back and correct it."),
            _ => ("That didn’t work", "Nothing was done."),
        };
        let path = self.parts.uri.path();
        let back = if self.parts.method.is_safe() { "/" } else { posts::page(path) };
        let body = html! {
            section.card.narrow {
                h1 { (title) }
                div role="alert" { @for error in &failure.errors { p { (error.message) } } }
                p { (next) }
                p.actions { a.button href=(back) { (if back == "/" { "Overview" } else { "Go back" }) } }
            }
        };
        let mut response = self.answer(failure.status, &Page::new(title, body), reader);
        let retry = failure.retry_after_s.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds)));
        response.headers_mut().extend(retry);
        response
    }
}

impl SignedIn {
    /// A page, or why there is none.
    pub(super) async fn answer(&self, page: impl AsyncFnOnce(&Reader) -> Result<Page, Failure>) -> Response {
        let reader = self.reader().await;
        match page(&reader).await {
            Ok(page) => self.visit.answer(StatusCode::OK, &page, &reader),
            Err(failure) => self.visit.failed(&failure, &reader),
        }
    }

    /// The answer to a form that did something: on to a page, which says so.
    pub(super) fn done(&self, url: &str, notice: &str) -> Response {
        let mut response = Visit::see(url);
        let cookie = flash::carry(notice, self.app().secure_cookies());
        response.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
        response
    }

    /// The answer to a form that was not taken: its page with what was typed and what is wrong, if there still is such a page.
    pub(super) async fn again<const LONGEST: usize>(
        &self,
        form: &str,
        posted: Posted<LONGEST>,
        failure: Failure,
        page: impl AsyncFnOnce(&Reader, &Again) -> Result<Page, Failure>,
    ) -> Response {
        let reader = self.reader().await;
        let again = Again::new(form, posted, &failure);
        match page(&reader, &again).await {
            Ok(page) => self.visit.answer(failure.status, &page, &reader),
            Err(_) => self.visit.failed(&failure, &reader),
        }
    }
}
