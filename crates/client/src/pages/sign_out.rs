//! `/auth/signout`: a button, since a page that is only looked at changes nothing.

use axum::{extract::State, http::header::SET_COOKIE, response::Response};
use maud::html;
use page_kit::Posted;

use super::{
    redirect::see,
    view::{Page, View},
};
use crate::{
    shop::{Shop, Who},
    visit::Visit,
};

/// `GET /auth/signout`
pub(crate) async fn show(State(shop): State<Shop>, visit: Visit) -> Response {
    page(&View::open(shop, visit).await, None)
}

/// `POST /auth/signout`
pub(crate) async fn sign_out(State(shop): State<Shop>, visit: Visit, posted: Posted) -> Response {
    let view = View::open(shop, visit).await;
    if let Err(response) = view.check(&posted, |text| page(&view, Some(text))) {
        return *response;
    }
    match view.shop.apis.sign_out(&view.visit).await {
        Ok(cookies) => {
            let mut response = see("/");
            response.headers_mut().extend(cookies.into_iter().map(|cookie| (SET_COOKIE, cookie)));
            response
        }
        Err(failure) => view.failed(&failure, "/"),
    }
}

fn page(view: &View, notice: Option<&str>) -> Response {
    let body = html! {
        section.card.narrow {
            h1 { "Sign out" }
            @if let Some(text) = notice { div.notice.bad role="alert" { p { (text) } } }
            @if view.who == Who::Nobody {
                p { "You are signed out." }
                p { a.button href="/" { "See all tickets" } }
            } @else {
                p { "What you have ordered stays ordered." }
                form method="post" action="/auth/signout" { (view.token()) button { "Sign out" } }
            }
        }
    };
    view.ok(&Page::new("Sign out", body))
}
