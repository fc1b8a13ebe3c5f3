//! What the services are asked for.

use std::time::Duration;

use axum::http::Method;
use common::{
    Service,
    event::{Id, Timestamp},
    internal::{
        CancelAnswer, ExtendAnswer, ExtendOrder, Forecast, MoveTimer, MoveTimers, OrderHistory, OrderIds,
        OrderMoney, OutboxState, OwedPayment, OwedPayments, Pause, RebuildAnswer, Resume, Retell,
        RetellAnswer, RetellCount, ScheduleState, SeatHistory, SettleOrderPayment, SweeperHold, Timer,
        TimerAnswers, TimerIds, TimerPage,
    },
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    PeerError, Peers,
    ask::{Asked, json},
};

/// Ids that `orders` takes at once.
pub const KNOWN_AT_ONCE: usize = 1_000;
/// Timers that `expiration` moves or removes at once.
pub const TIMERS_AT_ONCE: usize = 500;
/// Longer than a service lets itself count.
const COUNT_LIMIT: Duration = Duration::from_secs(15);
/// Longer than a service lets a request take: what it does not answer within it is not known to be done.
const RETELL_LIMIT: Duration = Duration::from_secs(20);

/// `orders`
impl Peers {
    /// An order; `None` if it is none of ours.
    ///
    /// # Errors
    /// When `orders` is away, as in all of these.
    pub async fn order(&self, id: &Id) -> Asked<Option<OrderHistory>> {
        found(self.get(Service::Orders, &format!("/internal/orders/{id}")).await)
    }

    /// Those of at most [`KNOWN_AT_ONCE`] ids that are orders of ours.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub async fn known(&self, ids: Vec<Id>) -> Asked<Vec<Id>> {
        let known: OrderIds =
            self.post_again(Service::Orders, "/internal/orders/known", &OrderIds { ids }).await?;
        Ok(known.ids)
    }

    /// Gives an order more time.
    ///
    /// # Errors
    /// Why not.
    pub async fn extend(&self, id: &Id, to: Timestamp) -> Asked<ExtendAnswer> {
        let body = ExtendOrder { to: Some(to), by_ms: None };
        self.post_again(Service::Orders, &format!("/internal/orders/{id}/extend"), &body).await
    }

    /// Cancels an order at once.
    ///
    /// # Errors
    /// Why not.
    pub async fn cancel(&self, id: &Id) -> Asked<CancelAnswer> {
        let body = serde_json::json!({});
        self.post_again(Service::Orders, &format!("/internal/orders/{id}/cancel"), &body).await
    }

    /// Money that is owed.
    ///
    /// # Errors
    /// Why not.
    pub async fn owed(&self, after: Option<&Id>, limit: usize) -> Asked<OwedPayments> {
        let after = after.map(|after| format!("&after={after}")).unwrap_or_default();
        self.get(Service::Orders, &format!("/internal/payments/owed?limit={limit}{after}")).await
    }

    /// A person has seen to a rejected payment.
    ///
    /// # Errors
    /// Why not.
    pub async fn settle(&self, payment: &Id, note: String) -> Asked<OwedPayment> {
        let body = SettleOrderPayment { note };
        self.post(Service::Orders, &format!("/internal/payments/{payment}/settle"), &body).await
    }

    /// Until when the second timer leaves overdue orders to the first one.
    ///
    /// # Errors
    /// Why not.
    pub async fn hold_sweeper(&self, hold: &SweeperHold) -> Asked<SweeperHold> {
        self.ask(Service::Orders, Method::PUT, "/internal/sweeper", Some(json(Service::Orders, hold)?), true)
            .await
    }

    /// The hold as it is.
    ///
    /// # Errors
    /// Why not.
    pub async fn sweeper_hold(&self) -> Asked<SweeperHold> {
        self.get(Service::Orders, "/internal/sweeper").await
    }
}

/// `tickets`, `payments` and the outboxes
impl Peers {
    /// What `tickets` knows of an order.
    ///
    /// # Errors
    /// When it is away.
    pub async fn seat(&self, order: &Id, ticket: &Id) -> Asked<SeatHistory> {
        self.get(Service::Tickets, &format!("/internal/orders/{order}?ticket={ticket}")).await
    }

    /// What `payments` knows of an order.
    ///
    /// # Errors
    /// When it is away.
    pub async fn money(&self, order: &Id) -> Asked<OrderMoney> {
        self.get(Service::Payments, &format!("/internal/orders/{order}")).await
    }

    /// The outbox of a service that has one.
    ///
    /// # Errors
    /// When it is away.
    pub async fn outbox(&self, service: Service) -> Asked<OutboxState> {
        self.get(service, "/internal/outbox").await
    }

    /// How many events of a service would be told again.
    ///
    /// # Errors
    /// Why not.
    pub async fn retell_count(&self, service: Service, since: Timestamp) -> Asked<RetellCount> {
        let path = format!("/internal/retell?since={}", encoded(&since.to_string()));
        self.ask_within(COUNT_LIMIT, service, Method::GET, &path, None, true).await
    }

    /// Tells again what has changed since then. Asked twice it would be told twice, which harms nothing and costs as much.
    ///
    /// # Errors
    /// Why not.
    pub async fn retell(&self, service: Service, since: Timestamp) -> Asked<RetellAnswer> {
        let body = json(service, &Retell { since })?;
        self.ask_within(RETELL_LIMIT, service, Method::POST, "/internal/retell", Some(body), false).await
    }
}

/// `expiration`
impl Peers {
    /// A timer, if one is set.
    ///
    /// # Errors
    /// When it is away, as in all of these.
    pub async fn timer(&self, id: &Id) -> Asked<Option<Timer>> {
        found(self.get(Service::Expiration, &format!("/internal/timers/{id}")).await)
    }

    /// A page of timers by due time.
    ///
    /// # Errors
    /// Why not.
    pub async fn timers(
        &self,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        after: Option<&str>,
        limit: usize,
    ) -> Asked<TimerPage> {
        let mut path = format!("/internal/timers?limit={limit}");
        for (name, instant) in [("from", from), ("to", to)] {
            if let Some(instant) = instant {
                path = format!("{path}&{name}={}", encoded(&instant.to_string()));
            }
        }
        if let Some(after) = after {
            path = format!("{path}&after={}", encoded(after));
        }
        self.get(Service::Expiration, &path).await
    }

    /// Moves at most [`TIMERS_AT_ONCE`] timers.
    ///
    /// # Errors
    /// Why not.
    pub async fn move_timers(&self, timers: Vec<MoveTimer>) -> Asked<TimerAnswers> {
        self.post_again(Service::Expiration, "/internal/timers/move", &MoveTimers { timers }).await
    }

    /// Removes at most [`TIMERS_AT_ONCE`] timers.
    ///
    /// # Errors
    /// Why not.
    pub async fn remove_timers(&self, ids: Vec<Id>) -> Asked<TimerAnswers> {
        self.post(Service::Expiration, "/internal/timers/remove", &TimerIds { ids }).await
    }

    /// How the schedule is.
    ///
    /// # Errors
    /// Why not.
    pub async fn schedule(&self) -> Asked<ScheduleState> {
        self.get(Service::Expiration, "/internal/schedule").await
    }

    /// How many fall due when.
    ///
    /// # Errors
    /// Why not.
    pub async fn forecast(&self) -> Asked<Forecast> {
        self.get(Service::Expiration, "/internal/schedule/forecast").await
    }

    /// Stops claiming.
    ///
    /// # Errors
    /// Why not.
    pub async fn pause(&self, pause: &Pause) -> Asked<ScheduleState> {
        let body = json(Service::Expiration, pause)?;
        self.ask(Service::Expiration, Method::PUT, "/internal/pause", Some(body), true).await
    }

    /// Ends a pause.
    ///
    /// # Errors
    /// Why not.
    pub async fn resume(&self, resume: &Resume) -> Asked<ScheduleState> {
        self.post_again(Service::Expiration, "/internal/resume", resume).await
    }

    /// Begins a rebuild of the schedule, if none is under way.
    ///
    /// # Errors
    /// Why not.
    pub async fn rebuild(&self) -> Asked<RebuildAnswer> {
        let body = serde_json::json!({});
        self.post_again(Service::Expiration, "/internal/rebuild", &body).await
    }
}

fn found<T>(asked: Asked<T>) -> Asked<Option<T>> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(PeerError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
