//! `/sales`: what the visitor sells.

use axum::{extract::State, response::Response};
use common::Service;
use maud::{Markup, html};

use super::{
    icons,
    redirect::see,
    view::{Page, View},
};
use crate::{
    api::{Failure, Ticket},
    shop::{Shop, Who},
    visit::Visit,
};

/// Hundreds of tickets that are listed.
const PAGES: usize = 10;

/// `GET /sales`
pub(crate) async fn show(State(shop): State<Shop>, visit: Visit) -> Response {
    let view = View::open(shop, visit).await;
    let listed = match &view.who {
        Who::Nobody => return see(&View::sign_in("/sales")),
        Who::User(user) => view.shop.apis.tickets_of(&view.visit, &user.id, PAGES).await,
        Who::Unknown => Err(Failure::away(Service::Auth, &"who visits is not known")),
    };
    let listed = match listed {
        Ok(listed) => listed,
        Err(failure) => return view.failed(&failure, "/sales"),
    };
    let newest_first = listed.entries.iter().rev();
    let (free, taken): (Vec<&Ticket>, Vec<&Ticket>) =
        newest_first.partition(|ticket| ticket.order_id.is_none());
    let body = html! {
        div.head {
            h1 { "My sales" }
            p { a.button href="/tickets/new" { (icons::plus()) "Sell a ticket" } }
        }
        @if free.is_empty() && taken.is_empty() {
            div.empty { (icons::tag()) p { "You have not put up a ticket yet." } }
        }
        (group(&view, "For sale", &free, true))
        (group(&view, "Ordered or sold", &taken, false))
        @if listed.cut {
            p.hint { "These are your first " (listed.entries.len()) " tickets." }
        }
    };
    view.ok(&Page::new("My sales", body))
}

fn group(view: &View, title: &str, tickets: &[&Ticket], can_change: bool) -> Markup {
    html! {
        @if !tickets.is_empty() {
            h2 { (title) " " span.count { (tickets.len()) } }
            ul.rows {
                @for ticket in tickets {
                    li {
                        a.title href={ "/tickets/" (ticket.id) } dir="auto" { (ticket.title) }
                        (view.price(ticket.price))
                        @if can_change {
                            a.button.quiet href={ "/tickets/" (ticket.id) "/edit" } {
                                "Edit" span.hidden { " " (ticket.title) }
                            }
                        } @else { span.badge { "Taken" } }
                    }
                }
            }
        }
    }
}
