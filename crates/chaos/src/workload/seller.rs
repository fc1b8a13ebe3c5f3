//! What sellers do: they put tickets up, and change them.

use common::event::Id;
use reqwest::Method;
use serde_json::{Number, Value, json};

use super::{
    http::Reply,
    plan::{Edit, Offer},
    stage::Stage,
};

/// Puts up a ticket. Where the answer is lost another one is put up, and whoever wants it gets the one that was answered.
pub(super) async fn offers(stage: &Stage, offer: &Offer) {
    let seller = &stage.people[offer.seller];
    let body = ticket(&offer.title, &offer.price);
    let reply = stage.insists(|| stage.asks(seller, Method::POST, "/api/tickets", Some(&body))).await;
    let Reply::Done(answer) = reply else { return };
    if let Some(id) = answer.body["id"].as_str().and_then(|id| id.parse::<Id>().ok()) {
        // Each number is put up once.
        let _ = stage.tickets[offer.ticket].set(id);
    }
}

/// Changes a ticket; it is refused while somebody holds the seat.
pub(super) async fn edits(stage: &Stage, edit: &Edit) {
    let ticket_id = stage.tickets[edit.ticket].wait().await;
    let path = format!("/api/tickets/{ticket_id}");
    let body = ticket(&edit.title, &edit.price);
    loop {
        let wish = stage.notes.begins_to_edit(ticket_id);
        match stage.asks(&stage.people[edit.seller], Method::PUT, &path, Some(&body)).await {
            Reply::Done(_) => return stage.notes.edited(wish),
            Reply::Refused(_) => return stage.notes.does_not_edit(wish),
            Reply::NotSent => stage.notes.does_not_edit(wish),
            Reply::Lost => {}
        }
        if !stage.tries_again().await {
            return;
        }
    }
}

fn ticket(title: &str, price: &str) -> Value {
    // As it stands there, and never through a float. Every price of a plan is a number.
    let price: Number = price.parse().unwrap_or_else(|_| 1.into());
    json!({ "title": title, "price": price })
}
