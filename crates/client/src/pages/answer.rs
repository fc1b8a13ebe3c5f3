//! From a page to the answer that a browser gets.

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, SET_COOKIE},
    },
    response::{Html, IntoResponse as _, Response},
};

use super::{
    layout,
    view::{Page, View},
};

impl View {
    pub(super) fn answer(&self, status: StatusCode, page: &Page) -> Response {
        let mut response = (status, Html(layout::document(self, page).into_string())).into_response();
        let headers = response.headers_mut();
        headers.extend(self.shop.forms.cookie(&self.form).map(|cookie| (SET_COOKIE, cookie)));
        // Without a session there is nothing that the way back could show to the next person.
        let kept = if self.visit.has_session { "no-store" } else { "private, no-cache" };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
        response
    }

    pub(super) fn ok(&self, page: &Page) -> Response {
        self.answer(StatusCode::OK, page)
    }
}
