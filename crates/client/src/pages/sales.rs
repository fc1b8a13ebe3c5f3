//! `/sales`: what the visitor sells.

use axum::{extract::State, response::Response};
use maud::{Markup, html};

use super::{
    icons,
    redirect::see,
    view::{Page, View},
};
use crate::{
    api::Ticket,
    shop::{Shop, Who},
    visit::Visit,
};

/// Hundreds of tickets that are gone through: the API has no list of one seller's.
const PAGES: usize = 50;

/// `GET /sales`
pub(crate) async fn show(State(shop): State<Shop>, visit: Visit) -> Response {
    let ask = async |shop: &Shop, visit: &Visit| {
        if visit.has_session { Some(shop.apis.tickets(visit, true, PAGES).await) } else { None }
    };
    let (view, listed) = View::beside(shop, visit, ask).await;
    let Some(listed) = listed else { return see(&View::sign_in("/sales")) };
    let listed = match (listed, &view.who) {
        (_, Who::Nobody) => return see(&View::sign_in("/sales")),
        (Err(failure), _) => return view.failed(&failure, "/sales"),
        (Ok(listed), _) => listed,
    };
    let own: Vec<&Ticket> =
        listed.entries.iter().rev().filter(|ticket| view.who.is(&ticket.user_id)).collect();
    let (free, taken): (Vec<&Ticket>, Vec<&Ticket>) =
        own.into_iter().partition(|ticket| ticket.order_id.is_none());
    let body = html! {
        div.head {
            h1 { "My sales" }
            p { a.button href="/tickets/new" { (icons::plus()) "Sell a ticket" } }
        }
        @if view.who == Who::Unknown {
            div.notice.bad role="alert" { (icons::warning()) p { "Accounts can’t be reached at the moment, so we can’t tell which tickets are yours. Please try again." } }
        } @else if free.is_empty() && taken.is_empty() {
            div.empty { (icons::tag()) p { "You have not put up a ticket yet." } }
        }
        (group(&view, "For sale", &free, true))
        (group(&view, "Ordered or sold", &taken, false))
        @if listed.cut {
            p.hint { "Only the first " (listed.entries.len()) " tickets of the shop were looked at." }
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
