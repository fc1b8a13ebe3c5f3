//! Pages that say what is not there or not to be had, and what to do about it.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{Html, IntoResponse as _, Response},
};
use common::Service;
use maud::{Markup, html};

use super::{
    icons, layout,
    view::{Page, View},
};
use crate::{clock_times::in_words, shop::Shop, visit::Visit};

fn notice(view: &View, status: StatusCode, title: &str, body: &Markup) -> Response {
    view.answer(status, &Page::new(title, framed(title, body)))
}

fn framed(title: &str, body: &Markup) -> Markup {
    html! {
        section.card.narrow {
            h1 { (title) }
            (body)
        }
    }
}

fn home() -> Markup {
    html! { p { a.button href="/" { "See all tickets" } } }
}

/// A path that leads nowhere, or a method that nothing takes.
pub(crate) async fn no_page(State(shop): State<Shop>, visit: Visit) -> Response {
    not_found(&View::open(shop, visit).await)
}

pub(super) fn not_found(view: &View) -> Response {
    let body = html! {
        p { "There is nothing at this address. It may have been copied only in part." }
        (home())
    };
    notice(view, StatusCode::NOT_FOUND, "Not found", &body)
}

/// Something of somebody else. It says no more than that.
pub(super) fn not_yours(view: &View) -> Response {
    let body = html! {
        p { "This belongs to another account. If it is yours too, sign out and sign in with that one." }
        p.actions { a.button href="/orders" { "My orders" } a.button.quiet href="/auth/signout" { "Sign out" } }
    };
    notice(view, StatusCode::FORBIDDEN, "Not yours", &body)
}

/// Before anything is asked for: a post of another site comes without the visitor's session, or with it, and does nothing.
pub(crate) async fn refuse_cross_site(
    State(shop): State<Shop>,
    visit: Visit,
    request: Request,
    next: Next,
) -> Response {
    if visit.is_cross_site && !request.method().is_safe() {
        return refused(&View::open(shop, visit).await);
    }
    next.run(request).await
}

/// A form that another site has sent.
pub(super) fn refused(view: &View) -> Response {
    let body = html! {
        p { "Another web site has sent this form in your name. Nothing was done." }
        p { "If it was you who sent it, open the page here and send it again." }
        (home())
    };
    notice(view, StatusCode::FORBIDDEN, "Not sent from here", &body)
}

/// A form that can't be read at all.
pub(super) fn unreadable(view: &View, status: StatusCode) -> Response {
    let text = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "What you sent is too long. Please write less.",
        _ => "This page takes only what its own form sends.",
    };
    notice(view, status, "That didn’t work", &html! { p { (text) } (home()) })
}

pub(super) fn did_not_work(view: &View, status: StatusCode, messages: &[&str]) -> Response {
    let body = html! {
        div.notice.bad role="alert" {
            (icons::warning())
            ul { @for message in messages { li { (message) } } }
        }
        p { a.button href=(parent(view.visit.path())) { "Go back" } }
    };
    notice(view, status, "That didn’t work", &body)
}

pub(super) fn too_many(view: &View, message: &str, wait: Option<Duration>) -> Response {
    let body = html! {
        div.notice.bad role="alert" { (icons::clock()) p { (message) } }
        @if let Some(wait) = wait { p { "Please try again in " (in_words(wait)) "." } }
        p.actions { a.button href=(parent(view.visit.path())) { "Go back" } a.button.quiet href="/orders" { "My orders" } }
    };
    notice(view, StatusCode::TOO_MANY_REQUESTS, "A moment, please", &body)
}

pub(super) fn away(view: &View, service: Service) -> Response {
    let what = match service {
        Service::Auth => "Signing in and up",
        Service::Tickets => "The list of tickets",
        Service::Orders => "Ordering",
        Service::Payments => "Paying",
        _ => "A part of the shop",
    };
    let body = html! {
        div.notice.bad role="alert" {
            (icons::warning())
            p { (what) " is not available at the moment. We are working on it; nothing of yours is lost." }
        }
        @if service == Service::Payments {
            p { "If you have just tried to pay: trying again never charges you twice." }
        }
        p.actions { a.button href=(parent(view.visit.path())) { "Try again" } a.button.quiet href="/" { "See all tickets" } }
    };
    notice(view, StatusCode::SERVICE_UNAVAILABLE, "Please try again in a moment", &body)
}

/// A defect of ours: a page that asks nobody for anything.
pub(crate) fn defect() -> Response {
    let body = html! {
        p { "Something went wrong on our side. Please try again." }
        (home())
    };
    let page = layout::bare("Something went wrong", &framed("Something went wrong", &body));
    (StatusCode::INTERNAL_SERVER_ERROR, Html(page.into_string())).into_response()
}

/// Where a form that was sent to this path is shown.
fn parent(path: &str) -> &str {
    let path = path.strip_suffix("/pay").or_else(|| path.strip_suffix("/cancel")).unwrap_or(path);
    if path.starts_with("//") { "/" } else { path }
}
