//! A buyer with one order in mind: places it, and does what the plan says that comes after.

use common::event::Id;
use futures_util::future::join_all;
use judge::{Canceller, Known};
use reqwest::Method;
use serde_json::json;

use super::{
    http::Reply,
    operator, paying,
    people::{Seen, Somebody},
    plan::{Moment, Order, Step, What},
    stage::Stage,
};

pub(super) async fn orders(stage: &Stage, order: &Order) {
    let ticket = stage.tickets[order.ticket].wait().await;
    if let Some(placed) = places(stage, order, ticket).await {
        let buyer = &stage.people[order.buyer];
        join_all(order.steps.iter().map(|step| goes_on(stage, buyer, &placed, step))).await;
    }
}

/// Places the order, again where the answer was lost: `orders` answers with the same one as long as the buyer holds the
/// seat by it.
async fn places(stage: &Stage, order: &Order, ticket: &Id) -> Option<Seen> {
    let wish = json!({ "ticketId": ticket });
    loop {
        let number = stage.notes.asks_for(order.buyer, ticket);
        let buyer = &stage.people[order.buyer];
        match stage.asks(buyer, Method::POST, "/api/orders", Some(&wish)).await {
            Reply::Done(answer) => {
                stage.notes.settles(number);
                let Seen { order, ticket, expires_at } = Seen::read(&answer.body)?;
                stage.notes.placed(order.clone(), ticket.clone(), expires_at, Known::Answered);
                return Some(Seen { order, ticket, expires_at });
            }
            // `orders` may hear of the ticket yet.
            Reply::NotSent | Reply::Refused(404) => stage.notes.settles(number),
            Reply::Refused(_) => {
                stage.notes.settles(number);
                return None;
            }
            Reply::Lost if order.insists => {}
            Reply::Lost => return None,
        }
        if !stage.tries_again().await {
            return None;
        }
    }
}

async fn goes_on(stage: &Stage, buyer: &Somebody, placed: &Seen, step: &Step) {
    let due = match step.at {
        Moment::AfterPlaced(after) => {
            common::clock::now_ms().saturating_add_unsigned(after.as_millis() as u64)
        }
        Moment::AroundExpiry(ms) => placed.expires_at.as_millis().saturating_add(ms),
    };
    if !stage.reaches_ms(due).await {
        return;
    }
    match step.what {
        What::Pay(card) => paying::pays(stage, buyer, &placed.order, card).await,
        What::PayOnPage(card, after) => {
            paying::pays_on_a_page(stage, buyer, &placed.order, card, after).await;
        }
        What::Cancel => cancels(stage, buyer, &placed.order).await,
        What::Extend(more, door) => operator::extends(stage, placed, more, door).await,
        What::CancelByOperator => operator::cancels(stage, &placed.order).await,
    }
}

async fn cancels(stage: &Stage, buyer: &Somebody, order: &Id) {
    let wish = stage.notes.begins_to_cancel(order, Canceller::Buyer);
    let path = format!("/api/orders/{order}");
    match stage.insists(|| stage.asks(buyer, Method::DELETE, &path, None)).await {
        Reply::Done(_) => stage.notes.cancelled(wish),
        // An earlier one that was lost would have made this one good.
        Reply::Refused(_) => stage.notes.does_not_cancel(wish),
        Reply::NotSent | Reply::Lost => {}
    }
}
