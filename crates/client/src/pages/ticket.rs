//! `/tickets/{id}`: one ticket, and one button to buy it.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use common::event::Id;
use maud::{Markup, html};
use page_kit::Posted;

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

/// A ticket, and the visitor's own order of it.
struct Seat {
    ticket: Ticket,
    own_order: Option<Id>,
}

/// `GET /tickets/{id}`
pub(crate) async fn show(State(shop): State<Shop>, Path(id): Path<String>, visit: Visit) -> Response {
    let (view, seat) = look(shop, visit, &id).await;
    match seat {
        Ok(seat) => page(&view, &seat, StatusCode::OK, &[]),
        Err(failure) => view.failed(&failure, view.visit.path()),
    }
}

/// `POST /tickets/{id}`: buys it. Twice is as good as once.
pub(crate) async fn buy(
    State(shop): State<Shop>,
    Path(id): Path<String>,
    visit: Visit,
    posted: Posted,
) -> Response {
    let (view, seat) = look(shop, visit, &id).await;
    let seat = match seat {
        Ok(seat) => seat,
        Err(failure) => return view.failed(&failure, view.visit.path()),
    };
    let again = |text: &str| page(&view, &seat, StatusCode::FORBIDDEN, &[text]);
    if let Err(response) = view.check(&posted, again) {
        return *response;
    }
    match view.shop.apis.buy(&view.visit, &seat.ticket.id).await {
        Ok(order) => {
            view.shop.ticket_changed();
            see(&format!("/orders/{}", order.id))
        }
        Err(Failure::NotAuthorised) => see(&View::sign_in(view.visit.path())),
        Err(Failure::Refused(errors)) => {
            let messages: Vec<&str> = errors.iter().map(|error| error.message.as_ref()).collect();
            // As it is by now: another buyer was faster.
            let seat = match seat_of(&view.shop, &view.visit, &id).await {
                Ok(seat) => seat,
                Err(failure) => return view.failed(&failure, view.visit.path()),
            };
            page(&view, &seat, StatusCode::CONFLICT, &messages)
        }
        Err(failure) => view.failed(&failure, view.visit.path()),
    }
}

async fn look(shop: Shop, visit: Visit, id: &str) -> (View, Result<Seat, Failure>) {
    View::beside(shop, visit, async |shop, visit| seat_of(shop, visit, id).await).await
}

async fn seat_of(shop: &Shop, visit: &Visit, id: &str) -> Result<Seat, Failure> {
    let id: Id = id.parse().map_err(|_| Failure::NotFound)?;
    let ticket = shop.apis.ticket(visit, &id).await?;
    let own_order = match &ticket.order_id {
        // Only its buyer is shown the order.
        Some(order) if visit.has_session => shop.apis.order(visit, order).await.ok().map(|order| order.id),
        _ => None,
    };
    Ok(Seat { ticket, own_order })
}

fn page(view: &View, seat: &Seat, status: StatusCode, messages: &[&str]) -> Response {
    let ticket = &seat.ticket;
    let body = html! {
        article.card.narrow.seat data-ticket=(ticket.id) data-version=(ticket.version)
            data-state=(if ticket.order_id.is_some() { "taken" } else { "free" }) {
            @if !messages.is_empty() {
                div.notice.bad role="alert" { (icons::warning()) ul { @for message in messages { li { (message) } } } }
            }
            h1 dir="auto" { (ticket.title) }
            p.amount { (view.price(ticket.price)) }
            (offer(view, seat))
        }
        p { a href="/" { "← All tickets" } }
    };
    view.answer(
        status,
        &Page {
            live: Some(format!("/live/tickets?since={}", view.asked_at.timestamp_millis())),
            description: Some(format!("A ticket for {}.", ticket.title)),
            ..Page::new(ticket.title.clone(), body)
        },
    )
}

fn offer(view: &View, Seat { ticket, own_order }: &Seat) -> Markup {
    let is_own = view.who.is(&ticket.user_id);
    match (own_order, &ticket.order_id) {
        (Some(order), _) => html! {
            p.state { (icons::tick()) "You have ordered this ticket." }
            p { a.button href={ "/orders/" (order) } { "Go to your order" } }
        },
        (None, Some(_)) => html! {
            p.state { (icons::cross()) "Somebody else has it. If it is not paid in time, it is free again." }
            @if is_own { p.hint { "It is yours, and can’t be changed while somebody has it." } }
        },
        (None, None) if is_own => html! {
            p.state.good { (icons::tag()) "It is yours, and for sale." }
            p { a.button href={ "/tickets/" (ticket.id) "/edit" } { "Change title or price" } }
        },
        (None, None) => html! {
            p.state.good { (icons::tick()) "It is free." }
            @match view.who {
                Who::Nobody => {
                    p { a.button.big href=(View::sign_in(&format!("/tickets/{}", ticket.id))) { "Sign in to buy" } }
                    p.hint { "You come back here." }
                }
                _ => {
                    form method="post" action={ "/tickets/" (ticket.id) } {
                        (view.token())
                        button.big { "Buy this ticket" }
                    }
                    p.hint { "It is then kept for you while you pay." }
                }
            }
        },
    }
}
