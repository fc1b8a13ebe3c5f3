//! `/signin` and `/signout`

use axum::{
    http::{StatusCode, header::SET_COOKIE},
    response::Response,
};
use page_kit::Posted;

use super::super::{
    again::Again,
    posts,
    view::sign_in::{SIGN_IN, page},
    visit::{SignedIn, Visit},
};
use crate::failure::Failure;

/// `GET /signin`
pub(in crate::pages) async fn show(visit: Visit) -> Response {
    let next = visit.query("next");
    if visit.actor.is_some() {
        return Visit::see(posts::own(&next));
    }
    let reader = visit.reader(None);
    visit.answer(StatusCode::OK, &page(posts::own(&next), &reader, &Again::default()), &reader)
}

/// `POST /signin`
pub(in crate::pages) async fn sign_in(visit: Visit, posted: Posted) -> Response {
    let next = posts::own(posted.text("next")).to_owned();
    match begun(&visit, &posted).await {
        Ok(cookie) => {
            let mut response = Visit::see(&next);
            response.headers_mut().insert(SET_COOKIE, cookie);
            response
        }
        Err(failure) => {
            let reader = visit.reader(None);
            let again = Again::new(SIGN_IN, posted, &failure);
            visit.answer(failure.status, &page(&next, &reader, &again), &reader)
        }
    }
}

async fn begun(visit: &Visit, posted: &Posted) -> Result<axum::http::HeaderValue, Failure> {
    visit.check(posted).await?;
    visit.pages.app.sign_in(posted.text("key"), &visit.parts).await.map_err(|failure| {
        let message = failure.to_string();
        Failure {
            status: failure.status,
            retry_after_s: failure.retry_after_s,
            ..Failure::field("key", message)
        }
    })
}

/// `POST /signout`
pub(in crate::pages) async fn sign_out(signed_in: SignedIn, posted: Posted) -> Response {
    if let Err(failure) = signed_in.visit.check(&posted).await {
        let reader = signed_in.reader().await;
        return signed_in.visit.failed(&failure, &reader);
    }
    let mut response = Visit::see("/signin");
    response.headers_mut().insert(SET_COOKIE, signed_in.app().sign_out());
    response
}
