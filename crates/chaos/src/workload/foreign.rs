//! Orders of services that are not ours. Only their events exist, so what is lost of them nobody can tell again.

use std::time::Duration;

use bytes::Bytes;
use common::{
    clock,
    event::{Event, Id, OrderCancelled, OrderCreated, OrderExtended, Subject},
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{
    notes::Number,
    plan::{ForeignOrder, ForeignStep},
    stage::Stage,
};

/// Tells of an order, and then of what becomes of it.
pub(super) async fn tells(stage: &Stage, order: &ForeignOrder) {
    // Every id of a plan is one.
    let Ok(id) = order.id.parse::<Id>() else { return };
    let due = stage.instant(order.due);
    let number = stage.notes.foreign(id, due);
    let created = json!({
        "id": order.id,
        "version": 0,
        "status": "created",
        "userId": order.user,
        "expiresAt": due,
        "ticket": { "id": order.ticket, "price": price(&order.price) },
    });
    let first = async {
        let stored_ms = told::<OrderCreated>(stage, order, &created).await;
        stage.notes.foreign_is(number, |known| known.stored_ms = stored_ms);
    };
    let steps = order.steps.iter().map(|(at, step)| goes_on(stage, order, number, *at, *step));
    // What comes after is not told later because the broker is away: it may even be stored first.
    tokio::join!(first, join_all(steps));
}

async fn goes_on(stage: &Stage, order: &ForeignOrder, number: Number, at: Duration, step: ForeignStep) {
    if !stage.reaches(at).await {
        return;
    }
    match step {
        ForeignStep::Extend(until) => {
            let to = stage.instant(until);
            let event = json!({ "id": order.id, "expiresAt": to });
            let stored_ms = told::<OrderExtended>(stage, order, &event).await;
            stage.notes.foreign_is(number, |known| known.extended = stored_ms.map(|at_ms| (to, at_ms)));
        }
        ForeignStep::Cancel => {
            stage.notes.foreign_is(number, |known| known.cancelled_ms = Some(clock::now_ms()));
            let event = json!({ "id": order.id, "version": 1, "ticket": { "id": order.ticket } });
            told::<OrderCancelled>(stage, order, &event).await;
        }
    }
}

async fn told<E: Event>(stage: &Stage, order: &ForeignOrder, event: &Value) -> Option<i64> {
    let subject: Subject = E::SUBJECT;
    let message_id = format!("foreign:{subject}:{}", order.id);
    stage.tells(subject, &message_id, Bytes::from(event.to_string())).await
}

fn price(text: &str) -> serde_json::Number {
    // Every price of a plan is a number.
    text.parse().unwrap_or_else(|_| 1.into())
}
