//! Acts on one timer: `orders` decides about those of its orders, and `expiration` about the others.

use common::{
    event::{Id, Timestamp},
    internal::{MoveTimer, OrderHistory, Timer, TimerAnswers},
    operator::{Act, ActAnswer, Decider, MoveAct},
};
use serde_json::json;

use super::{R, note, request};
use crate::{
    access::Actor,
    app::App,
    audit::{Details, Target},
    failure::Failure,
    orders::text::{between, span},
    peers::{PeerError, Peers},
    timers::Wish,
};

const OURS: &str =
    "it is an order of ours, so orders decides: a timer alone that fires before expiresAt would be early";
const FOREIGN: &str = "orders does not know it, so it is another service's, and the timer alone is moved";

impl App {
    /// Fires a timer now: an order of ours is cancelled at once.
    ///
    /// # Errors
    /// 404 unknown, 409 too late, 503 a service is away or it can't be written down.
    pub async fn fire_timer(&self, actor: &Actor, id: &Id, act: Act) -> R<ActAnswer> {
        self.end_timer(actor, "fireTimer", id, act).await
    }

    /// Cancels a timer: an order of ours is cancelled at once, of another one the timer is taken away.
    ///
    /// # Errors
    /// As [`Self::fire_timer`].
    pub async fn cancel_timer(&self, actor: &Actor, id: &Id, act: Act) -> R<ActAnswer> {
        self.end_timer(actor, "cancelTimer", id, act).await
    }

    /// Moves a timer: an order of ours has more time, another one's timer fires at another instant.
    ///
    /// # Errors
    /// As [`Self::fire_timer`], and 400 with the field.
    pub async fn move_timer(&self, actor: &Actor, id: &Id, act: MoveAct) -> R<ActAnswer> {
        let wish = Wish::of(act.to, act.by_ms)?;
        let note = note(act.note.as_deref())?;
        let target = Target::Order(id.clone());
        let asked = request(&MoveAct { note: None, ..act });
        let (peers, id) = (self.0.peers.clone(), id.clone());
        let begun = Details { request: asked, note, ..Details::default() };
        self.act(actor, "moveTimer", target, begun, async move {
            let answer = match peers.order(&id).await? {
                Some(order) => extend_ours(&peers, &order, wish).await,
                None => move_foreign(&peers, &id, Some(wish)).await,
            };
            with_details(answer)
        })
        .await
    }

    async fn end_timer(&self, actor: &Actor, action: &'static str, id: &Id, act: Act) -> R<ActAnswer> {
        let note = note(act.note.as_deref())?;
        let (peers, id) = (self.0.peers.clone(), id.clone());
        let begun = Details { note, ..Details::default() };
        self.act(actor, action, Target::Order(id.clone()), begun, async move {
            let answer = match peers.order(&id).await? {
                Some(order) => cancel_ours(&peers, &order).await,
                None if action == "fireTimer" => move_foreign(&peers, &id, None).await,
                None => remove_foreign(&peers, &id).await,
            };
            with_details(answer)
        })
        .await
    }
}

fn with_details(answer: R<ActAnswer>) -> R<(ActAnswer, Details)> {
    let answer = answer?;
    let instant = |at: Option<Timestamp>| at.map(|at| json!({ "dueAt": at }));
    let details = Details {
        count: Some(1),
        before: instant(answer.before),
        after: instant(answer.after),
        note: Some(answer.message.clone()),
        ..Details::default()
    };
    Ok((answer, details))
}

async fn cancel_ours(peers: &Peers, order: &OrderHistory) -> R<ActAnswer> {
    let answer = peers.cancel(&order.id).await?;
    let what = if answer.already { "was cancelled before, and nothing has changed" } else { "is cancelled" };
    Ok(ActAnswer {
        id: order.id.clone(),
        decider: Decider::Orders,
        message: format!("Order {} {what}: {OURS}.", order.id),
        before: Some(order.expires_at),
        after: None,
    })
}

async fn extend_ours(peers: &Peers, order: &OrderHistory, wish: Wish) -> R<ActAnswer> {
    let answer =
        peers.extend(&order.id, wish.from(order.expires_at)).await.map_err(|error| as_asked(error, wish))?;
    let more = span(between(answer.from, answer.to));
    Ok(ActAnswer {
        id: order.id.clone(),
        decider: Decider::Orders,
        message: format!("Order {} has {more} more, until {}: {OURS}.", order.id, answer.to),
        before: Some(answer.from),
        after: Some(answer.to),
    })
}

/// `orders` is always told an instant, and complains about that.
fn as_asked(error: PeerError, wish: Wish) -> Failure {
    let mut failure = Failure::from(error);
    if matches!(wish, Wish::By(_)) {
        let about_to = failure.errors.iter_mut().filter(|error| error.field.as_deref() == Some("to"));
        about_to.for_each(|error| error.field = Some("byMs".into()));
    }
    failure
}

/// `None` is now.
async fn move_foreign(peers: &Peers, id: &Id, wish: Option<Wish>) -> R<ActAnswer> {
    let to = match wish {
        // A past instant is now, by the clock of Redis.
        None => Timestamp::from_millis(0),
        Some(Wish::To(to)) => to,
        Some(by @ Wish::By(_)) => by.from(peers.timer(id).await?.ok_or_else(|| no_timer(id))?.due_at),
    };
    let answers = peers.move_timers(vec![MoveTimer { id: id.clone(), to }]).await?;
    let before = moved(id, answers)?;
    let (what, after) = match wish {
        None => ("fires now".to_owned(), None),
        Some(_) => (format!("fires at {to}"), Some(to)),
    };
    Ok(ActAnswer {
        id: id.clone(),
        decider: Decider::Expiration,
        message: format!("The timer of {id} {what}: {FOREIGN}."),
        before: Some(before.due_at),
        after,
    })
}

async fn remove_foreign(peers: &Peers, id: &Id) -> R<ActAnswer> {
    let before = moved(id, peers.remove_timers(vec![id.clone()]).await?)?;
    Ok(ActAnswer {
        id: id.clone(),
        decider: Decider::Expiration,
        message: format!("The timer of {id} is taken away: {FOREIGN}."),
        before: Some(before.due_at),
        after: None,
    })
}

/// The timer as it was.
fn moved(id: &Id, answers: TimerAnswers) -> R<Timer> {
    if answers.claimed.contains(id) {
        return Err(Failure::conflict(format!(
            "A worker has the timer of {id} in hand: it fires, or has fired already"
        )));
    }
    answers.done.into_iter().next().ok_or_else(|| no_timer(id))
}

fn no_timer(id: &Id) -> Failure {
    Failure::not_found(format!(
        "orders does not know {id}, and no timer is set for it: it has fired, or never was"
    ))
}
