//! What is around every page: head, skip link, header, footer.

use common::clock;
use maud::{DOCTYPE, Markup, html};

use super::{
    icons,
    view::{Page, View},
};
use crate::{
    assets::{SCRIPT, STYLE},
    clock_times,
    shop::Who,
    way_back::WayBack,
};

/// What the shop is called.
const NAME: &str = "Ticketing";

/// The whole document.
pub(super) fn document(view: &View, page: &Page) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(page.title.as_str(), page.description.as_deref()))
            body {
                a.skip href="#main" { "Skip to content" }
                (header(view))
                main #main tabindex="-1" data-live=[page.live.as_deref()]
                    data-again=[page.again.map(|again| again.as_secs())] {
                    (page.body)
                }
                (footer(view, page))
            }
        }
    }
}

/// A document that needs nothing: for when something has gone wrong with everything else.
pub(super) fn bare(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(title, None))
            body { main #main { (body) } }
        }
    }
}

fn head(title: &str, description: Option<&str>) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width,initial-scale=1";
            title { @if title == NAME { (NAME) } @else { (title) " – " (NAME) } }
            @match description {
                Some(text) => meta name="description" content=(text);,
                None => meta name="robots" content="noindex";,
            }
            meta name="color-scheme" content="light dark";
            link rel="icon" href="/favicon.svg" type="image/svg+xml";
            link rel="stylesheet" href=(STYLE.path());
            script src=(SCRIPT.path()) defer {}
        }
    }
}

fn header(view: &View) -> Markup {
    let path = view.visit.path();
    let link = |to: &str, icon: Markup, text: &str| {
        html! {
            li { a href=(to) aria-current=[(path == to).then_some("page")] { (icon) span { (text) } } }
        }
    };
    // Where a visitor who signs in from here comes back to; a form's own address has no page of its own.
    let here = WayBack::read(Some(&view.visit.target));
    html! {
        header.top {
            a.brand href="/" aria-current=[(path == "/").then_some("page")] { (icons::stub()) (NAME) }
            nav aria-label="Main" {
                ul {
                    @match &view.who {
                        Who::User(_) | Who::Unknown => {
                            (link("/tickets/new", icons::plus(), "Sell"))
                            (link("/sales", icons::tag(), "My sales"))
                            (link("/orders", icons::bag(), "My orders"))
                            (link("/auth/signout", icons::out(), "Sign out"))
                        }
                        Who::Nobody => {
                            li { a href=(here.on("/auth/signin")) aria-current=[(path == "/auth/signin").then_some("page")] { "Sign in" } }
                            li { a.button href=(here.on("/auth/signup")) aria-current=[(path == "/auth/signup").then_some("page")] { "Sign up" } }
                        }
                    }
                }
            }
        }
    }
}

fn footer(view: &View, page: &Page) -> Markup {
    html! {
        footer.bottom {
            p #fresh {
                "This page is from " (clock_times::of_day(page.made_at.unwrap_or_else(clock::now))) ". "
                a href=(reload(view)) { "Reload" }
            }
            @match &view.who {
                Who::User(user) => p { "Signed in as " strong { bdi { (user.email.as_deref().unwrap_or(user.id.as_str())) } } },
                Who::Unknown => p { "Accounts can’t be reached at the moment." },
                Who::Nobody => {}
            }
        }
    }
}

/// The address of this page, also when it is the answer to a form.
fn reload(view: &View) -> String {
    let target = &view.visit.target;
    // What stands in it was sent by the visitor's own browser; `//host` alone would lead elsewhere.
    if target.starts_with("//") { "/".to_owned() } else { target.clone() }
}
