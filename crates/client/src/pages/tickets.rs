//! `/`: the tickets.

use axum::{extract::State, response::Response};
use maud::{Markup, html};

use super::{
    icons,
    view::{Page, View},
};
use crate::{api::Ticket, clock_times::in_words, shop::Shop, visit::Visit, way_back::with};

/// Tickets on one page.
const PAGE: usize = 20;
/// Longer ones find nothing anyway.
const LONGEST_SEARCH: usize = 100;

/// What is asked for, in the query.
struct Wish {
    search: String,
    /// The taken ones too.
    all: bool,
    /// From 1 on.
    page: usize,
}

impl Wish {
    fn read(visit: &Visit) -> Self {
        let search = visit.query("search").unwrap_or_default();
        Self {
            search: search.trim().chars().take(LONGEST_SEARCH).collect(),
            all: visit.query("show").as_deref() == Some("all"),
            page: visit.query("page").and_then(|page| page.parse().ok()).unwrap_or(1).max(1),
        }
    }

    /// The address of a page of it.
    fn url(&self, page: usize) -> String {
        let mut url = "/".to_owned();
        if !self.search.is_empty() {
            url = with(&url, "search", &self.search);
        }
        if self.all {
            url = with(&url, "show", "all");
        }
        if page > 1 { with(&url, "page", &page.to_string()) } else { url }
    }

    /// The newest first. Each word stands somewhere in the title, in any case.
    fn found<'a>(&self, tickets: &'a [Ticket]) -> Vec<&'a Ticket> {
        let words: Vec<String> = self.search.split_whitespace().map(str::to_lowercase).collect();
        let fits = |ticket: &&Ticket| {
            words.is_empty() || {
                let title = ticket.title.to_lowercase();
                words.iter().all(|word| title.contains(word))
            }
        };
        tickets.iter().rev().filter(fits).collect()
    }
}

/// `GET /`
pub(crate) async fn show(State(shop): State<Shop>, visit: Visit) -> Response {
    let wish = Wish::read(&visit);
    let window = if wish.all { shop.all.clone() } else { shop.free.clone() };
    let (view, snapshot) = View::beside(shop, visit, async |_, visit| window.look(visit).await).await;
    let snapshot = match snapshot {
        Ok(snapshot) => snapshot,
        Err(failure) => return view.failed(&failure, "/"),
    };
    let found = wish.found(&snapshot.tickets);
    let pages = found.len().div_ceil(PAGE).max(1);
    let page = wish.page.min(pages);
    let shown = &found[(page - 1) * PAGE..found.len().min(page * PAGE)];
    let body = html! {
        div.head {
            h1 { "Tickets" }
            (search(&wish))
        }
        @if snapshot.is_old() {
            div.notice role="status" {
                (icons::clock())
                p { "The list is from " (in_words(snapshot.age())) " ago: what is free may have changed." }
            }
        }
        p #news.notice.news role="status" {}
        @if shown.is_empty() { (empty(&wish)) }
        ul #tickets.tickets data-search=(wish.search) data-all[wish.all] data-currency=(view.shop.settings.currency)
            data-locale=(view.visit.locale.tag) {
            @for ticket in shown { (row(&view, ticket)) }
        }
        (pager(&wish, page, pages))
        @if snapshot.cut {
            p.hint { "Only the first " (snapshot.tickets.len()) " tickets are listed and searched." }
        }
        template #row { (blank_row()) }
    };
    let title = if wish.search.is_empty() {
        "Tickets".to_owned()
    } else {
        format!("“{}” – Tickets", wish.search)
    };
    view.ok(&Page {
        live: Some(format!("/live/tickets?since={}", snapshot.asked_at.timestamp_millis())),
        made_at: Some(snapshot.asked_at),
        description: Some("Tickets from people who can’t go to people who want to.".to_owned()),
        ..Page::new(title, body)
    })
}

fn search(wish: &Wish) -> Markup {
    html! {
        form.search role="search" action="/" {
            label.hidden for="search" { "Search tickets" }
            input id="search" name="search" type="search" value=(wish.search) placeholder="Artist, place, row …"
                maxlength=(LONGEST_SEARCH) dir="auto" autocomplete="off";
            button { "Search" }
            label.check { input type="checkbox" name="show" value="all" checked[wish.all]; " Taken ones too" }
        }
    }
}

fn row(view: &View, ticket: &Ticket) -> Markup {
    let is_taken = ticket.order_id.is_some();
    html! {
        li data-id=(ticket.id) data-version=(ticket.version) {
            a.ticket.taken[is_taken] href={ "/tickets/" (ticket.id) } {
                span.title dir="auto" { (ticket.title) }
                span.stub {
                    (view.price(ticket.price))
                    @if is_taken { span.badge { "Taken" } }
                    @else if view.who.is(&ticket.user_id) { span.badge.own { "Yours" } }
                    @else { span.badge.free { "Free" } }
                }
            }
        }
    }
}

/// What a script fills in for a ticket that becomes free while one looks.
fn blank_row() -> Markup {
    html! {
        li { a.ticket href="/" { span.title dir="auto" {} span.stub { data.price value="" {} span.badge.free { "Free" } } } }
    }
}

fn empty(wish: &Wish) -> Markup {
    html! {
        div.empty #empty {
            (icons::stub())
            @if wish.search.is_empty() {
                p { "Nothing is for sale right now. A seat that becomes free appears here." }
                p { a.button href="/tickets/new" { "Sell a ticket" } }
            } @else {
                p { "Nothing fits “" bdi { (wish.search) } "”." }
                p { a.button href="/" { "See all tickets" } }
            }
        }
    }
}

fn pager(wish: &Wish, page: usize, pages: usize) -> Markup {
    html! {
        @if pages > 1 {
            nav.pager aria-label="Pages" {
                @if page > 1 { a.button.quiet rel="prev" href=(wish.url(page - 1)) { "← Previous" } }
                span { "Page " (page) " of " (pages) }
                @if page < pages { a.button.quiet rel="next" href=(wish.url(page + 1)) { "Next →" } }
            }
        }
    }
}
