//! `/orders/{id}`: what it costs, how long is left, how to pay, and what became of the money.

use std::time::Duration;

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use chrono::DateTime;
use common::{
    clock,
    event::{Id, OrderStatus},
};
use maud::{Markup, html};
use page_kit::Posted;

use super::{
    icons, notices,
    order_state::{OrderState, money},
    redirect::see,
    view::{Page, View},
};
use crate::{
    api::{Failure, Order, Payment, PaymentState},
    clock_times,
    shop::Shop,
    visit::Visit,
};

/// An order, and its payments unless `payments` is away.
struct Seen {
    order: Order,
    payments: Option<Vec<Payment>>,
}

/// Until a script looks whether what is on its way has come; events mostly tell it before.
const AGAIN: Duration = Duration::from_secs(3);

/// `GET /orders/{id}`
pub(crate) async fn show(State(shop): State<Shop>, Path(id): Path<String>, visit: Visit) -> Response {
    let (view, seen) = look(shop, visit, &id).await;
    match seen {
        Ok(seen) => page(&view, &seen, StatusCode::OK, &[]),
        Err(failure) => view.failed(&failure, &format!("/orders/{id}")),
    }
}

/// `GET` of what is only posted to: the order.
pub(crate) async fn back(Path(id): Path<String>) -> Response {
    match id.parse::<Id>() {
        Ok(id) => see(&format!("/orders/{id}")),
        Err(_) => see("/orders"),
    }
}

/// `POST /orders/{id}/pay`: to the provider's page.
pub(crate) async fn pay(
    State(shop): State<Shop>,
    Path(id): Path<String>,
    visit: Visit,
    posted: Posted,
) -> Response {
    let (view, seen) = match taken(shop, visit, &id, posted).await {
        Ok(both) => both,
        Err(response) => return *response,
    };
    let is_over = matches!(seen.order.status, OrderStatus::Complete | OrderStatus::Cancelled);
    if is_over {
        // `payments` may not have heard of it yet, and would let a buyer pay for nothing.
        return page(&view, &seen, StatusCode::CONFLICT, &[]);
    }
    match view.shop.apis.pay(&view.visit, &seen.order.id).await {
        Ok(begun) => match begun.url {
            // A browser follows a form's redirect only to where the policy of the page lets it.
            Some(url) if view.shop.settings.payment_page.is_origin_of(&url) => see(&url),
            Some(url) if url.starts_with("https://") => on_the_way(&view, &url),
            Some(_) => notices::did_not_work(
                &view,
                StatusCode::BAD_GATEWAY,
                &["The page to pay on has no good address."],
            ),
            None => see(&format!("/orders/{}", seen.order.id)),
        },
        Err(failure) => not_done(&view, &seen, &failure, StatusCode::BAD_REQUEST),
    }
}

/// `POST /orders/{id}/cancel`
pub(crate) async fn cancel(
    State(shop): State<Shop>,
    Path(id): Path<String>,
    visit: Visit,
    posted: Posted,
) -> Response {
    let (view, seen) = match taken(shop, visit, &id, posted).await {
        Ok(both) => both,
        Err(response) => return *response,
    };
    match view.shop.apis.cancel(&view.visit, &seen.order.id).await {
        Ok(()) => {
            view.shop.ticket_changed();
            see(&format!("/orders/{}", seen.order.id))
        }
        Err(failure) => not_done(&view, &seen, &failure, StatusCode::CONFLICT),
    }
}

/// The order's page again with the reason, if the API had one.
fn not_done(view: &View, seen: &Seen, failure: &Failure, status: StatusCode) -> Response {
    match failure {
        Failure::Refused(errors) => {
            let messages: Vec<&str> = errors.iter().map(|error| error.message.as_ref()).collect();
            page(view, seen, status, &messages)
        }
        failure => view.failed(failure, &format!("/orders/{}", seen.order.id)),
    }
}

/// A post that is taken, with the order that it is about; else the answer to it.
async fn taken(shop: Shop, visit: Visit, id: &str, posted: Posted) -> Result<(View, Seen), Box<Response>> {
    let (view, seen) = look(shop, visit, id).await;
    let seen = seen.map_err(|failure| Box::new(view.failed(&failure, &format!("/orders/{id}"))))?;
    view.check(&posted, |text| page(&view, &seen, StatusCode::FORBIDDEN, &[text]))?;
    Ok((view, seen))
}

async fn look(shop: Shop, visit: Visit, id: &str) -> (View, Result<Seen, Failure>) {
    let ask = async |shop: &Shop, visit: &Visit| {
        let id: Id = id.parse().map_err(|_| Failure::NotFound)?;
        if !visit.has_session {
            return Err(Failure::NotAuthorised);
        }
        let (order, payments) = tokio::join!(shop.apis.order(visit, &id), shop.apis.payments(visit, &id));
        let payments = match payments {
            Ok(payments) => Some(payments),
            // It learns of an order by an event, which may be on its way.
            Err(Failure::NotFound) => Some(Vec::new()),
            Err(_) => None,
        };
        Ok(Seen { order: order?, payments })
    };
    View::beside(shop, visit, ask).await
}

/// The provider's page, where it is not where the settings say.
fn on_the_way(view: &View, url: &str) -> Response {
    let body = html! {
        section.card.narrow {
            h1 { "Pay" }
            p { "You pay on the page of our payment provider, and come back here." }
            p { a.button.big href=(url) rel="noreferrer" { "Continue to payment" } }
        }
    };
    view.ok(&Page::new("Pay", body))
}

fn page(view: &View, seen: &Seen, status: StatusCode, messages: &[&str]) -> Response {
    let Seen { order, payments } = seen;
    let state = OrderState::of(order, payments.as_deref(), clock::now());
    // The provider has sent the buyer back before it has told `payments`.
    let is_back = view.visit.query("payment").as_deref() == Some("done");
    let last = payments.as_ref().and_then(|payments| payments.last());
    let is_awaited = is_back
        && matches!(state, OrderState::ToPay(_))
        && last.is_some_and(|last| matches!(last.status, PaymentState::Open | PaymentState::Pending));
    let state = if is_awaited { OrderState::Confirming } else { state };
    let payment = order.payment.as_ref().map(|payment| payment.status.as_str()).unwrap_or_default();
    let is_moving = matches!(state, OrderState::Confirming | OrderState::RunningOut);
    let body = html! {
        article.card.narrow.order data-state=(order.status) {
            @if !messages.is_empty() {
                div.notice.bad role="alert" { (icons::warning()) ul { @for message in messages { li { (message) } } } }
            }
            p.kicker { "Your order" }
            h1 dir="auto" { (order.ticket.title) }
            p.amount { (view.price(order.ticket.price)) }
            (shown(view, order, state, last))
            @if let Some(text) = money(order) { p.money data-payment=(payment) { (text) } }
            @if payments.is_none() { p.hint { "How your payment stands can’t be told at the moment." } }
        }
        p { a href="/orders" { "← My orders" } }
    };
    let title = format!("{}: {}", state.label(), order.ticket.title);
    view.answer(
        status,
        &Page {
            live: Some(format!(
                "/live/orders/{}?state={}&payment={payment}&until={}",
                order.id,
                order.status,
                order.expires_at.as_millis()
            )),
            again: is_moving.then_some(AGAIN),
            ..Page::new(title, body)
        },
    )
}

fn shown(view: &View, order: &Order, state: OrderState, last: Option<&Payment>) -> Markup {
    match state {
        OrderState::ToPay(left) => to_pay(view, order, left, last),
        OrderState::Confirming => html! {
            p.state role="status" { (icons::clock()) "We are confirming your payment. This takes some seconds." }
            p { a.button href={ "/orders/" (order.id) "?payment=done" } { "Look again" } }
        },
        OrderState::RunningOut => html! {
            p.state role="status" { (icons::clock()) "The time to pay is over. The ticket is being given back." }
            p { a.button.quiet href={ "/orders/" (order.id) } { "Look again" } }
        },
        OrderState::Paid => html! {
            p.state.good role="status" { (icons::tick()) "Paid. The ticket is yours." }
        },
        OrderState::Cancelled => html! {
            p.state role="status" { (icons::cross()) "This order is cancelled: you gave it up, or it was not paid in time." }
            p { a.button href={ "/tickets/" (order.ticket.id) } { "See whether the ticket is free" } }
        },
    }
}

fn to_pay(view: &View, order: &Order, left: Duration, last: Option<&Payment>) -> Markup {
    let declined = last.filter(|payment| payment.status == PaymentState::Declined);
    let is_begun = last.is_some_and(|payment| payment.status == PaymentState::Open);
    let path = format!("/orders/{}", order.id);
    html! {
        @if let Some(declined) = declined {
            div.notice.bad role="alert" {
                (icons::warning())
                p { "Your card was declined" @if let Some(reason) = &declined.reason { ": " (reason) } @else { "." } " You can try another one." }
            }
        }
        p.left {
            (icons::clock())
            span { "Time left to pay " strong role="timer" data-left=(left.as_secs_f64()) { (clock_times::countdown(left)) } }
        }
        p.hint { "Kept for you until " (clock_times::shown(DateTime::from(order.expires_at))) "." }
        div.actions {
            form method="post" action={ (path) "/pay" } {
                (view.token())
                button.big { @if is_begun { "Continue to pay " } @else { "Pay " } (view.price(order.ticket.price)) }
            }
            form method="post" action={ (path) "/cancel" } {
                (view.token())
                button.quiet { "Give it up" }
            }
        }
    }
}
