//! When all is over: buyers look at their lists, and find what was placed by requests whose answers were lost.

use futures_util::future::join_all;
use judge::Known;
use reqwest::Method;

use super::{
    http::Reply,
    operator,
    people::{Seen, Somebody},
    stage::Stage,
};

/// How often a list is asked for that does not come: at rest it does.
const ATTEMPTS: usize = 3;

pub(super) async fn looks_back(stage: &Stage) {
    let lists =
        stage.people.iter().enumerate().map(|(number, buyer)| looks_at_his_list(stage, number, buyer));
    tokio::join!(join_all(lists), operator::looks_after_replays(stage));
}

async fn looks_at_his_list(stage: &Stage, number: usize, buyer: &Somebody) {
    if !buyer.is_known() {
        // They have never asked for anything.
        return;
    }
    for _ in 0..ATTEMPTS {
        let reply = stage.asks(buyer, Method::GET, "/api/orders", None).await;
        let Reply::Done(answer) = reply else { continue };
        let Some(orders) = answer.body.as_array() else { continue };
        for Seen { order, ticket, expires_at } in orders.iter().filter_map(Seen::read) {
            stage.notes.placed(order, ticket, expires_at, Known::Listed);
        }
        stage.notes.settles_all_of(number);
        return;
    }
}
