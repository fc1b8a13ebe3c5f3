//! `/orders`: the visitor's orders, by state.

use axum::{extract::State, response::Response};
use chrono::DateTime;
use common::clock;
use maud::{Markup, html};

use super::{
    icons,
    order_state::{OrderState, money},
    redirect::see,
    view::{Page, View},
};
use crate::{
    api::{Failure, Order},
    clock_times,
    shop::Shop,
    visit::Visit,
};

/// Hundreds of orders that are shown.
const PAGES: usize = 10;

/// `GET /orders`
pub(crate) async fn show(State(shop): State<Shop>, visit: Visit) -> Response {
    let ask = async |shop: &Shop, visit: &Visit| {
        if visit.has_session { shop.apis.orders(visit, PAGES).await } else { Err(Failure::NotAuthorised) }
    };
    let (view, listed) = View::beside(shop, visit, ask).await;
    let listed = match listed {
        // A session that nobody can open is as good as none.
        Err(Failure::NotAuthorised) => return see(&View::sign_in("/orders")),
        Err(failure) => return view.failed(&failure, "/orders"),
        Ok(listed) => listed,
    };
    let now = clock::now();
    let of = |is: fn(OrderState) -> bool| {
        let orders = listed.entries.iter().rev().map(|order| (order, OrderState::of(order, None, now)));
        orders.filter(|(_, state)| is(*state)).collect::<Vec<_>>()
    };
    let open = of(|state| !matches!(state, OrderState::Paid | OrderState::Cancelled));
    let paid = of(|state| state == OrderState::Paid);
    let over = of(|state| state == OrderState::Cancelled);
    let body = html! {
        div.head { h1 { "My orders" } }
        @if listed.entries.is_empty() {
            div.empty { (icons::bag()) p { "You have not ordered anything yet." } p { a.button href="/" { "See all tickets" } } }
        }
        (group(&view, "To pay", &open))
        (group(&view, "Paid", &paid))
        (group(&view, "Cancelled", &over))
        @if listed.cut { p.hint { "Only your first " (listed.entries.len()) " orders are shown." } }
    };
    view.ok(&Page::new("My orders", body))
}

fn group(view: &View, title: &str, orders: &[(&Order, OrderState)]) -> Markup {
    html! {
        @if !orders.is_empty() {
            h2 { (title) " " span.count { (orders.len()) } }
            ul.rows {
                @for (order, state) in orders {
                    li data-state=(order.status) {
                        a.title href={ "/orders/" (order.id) } dir="auto" { (order.ticket.title) }
                        (view.price(order.ticket.price))
                        (note(order, *state))
                    }
                }
            }
        }
    }
}

fn note(order: &Order, state: OrderState) -> Markup {
    html! {
        @match state {
            OrderState::ToPay(_) => span.badge.own { "Until " (clock_times::shown(DateTime::from(order.expires_at))) },
            OrderState::Paid => span.badge.free { "Paid" },
            _ => span.badge { (state.label()) },
        }
        @if let (OrderState::Cancelled, Some(text)) = (state, money(order)) { p.hint { (text) } }
    }
}
