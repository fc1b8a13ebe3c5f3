//! `GET /api/orders/{id}`

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::DeadLetterBrief;
use crate::{
    event::{Id, Timestamp},
    internal::{OrderHistory, OrderMoney, SeatHistory, Timer},
};

/// All that is known of one order. Where a service does not answer, its part is left out and named in `missing`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderReport {
    /// The order.
    pub id: Id,
    /// In one sentence: what became of it, and why.
    pub summary: String,
    /// As `orders` has it. Left out: it is another service's order, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderHistory>,
    /// Its timer, if one is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timer: Option<Timer>,
    /// Its money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<OrderMoney>,
    /// Its seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<SeatHistory>,
    /// Its way through the services, in the order of the steps.
    pub path: Vec<PathStep>,
    /// Dead letters that name it, the newest first, at most 100.
    pub dead_letters: Vec<DeadLetterBrief>,
    /// What operators did to it, the newest first, at most 20.
    pub acts: Vec<super::AuditEntry>,
    /// Services that did not answer.
    pub missing: Vec<String>,
}

/// One step of an order's way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PathStep {
    /// Which.
    pub step: Step,
    /// The service that took it.
    pub service: String,
    /// When. Left out: not yet, never, or not recorded; `note` says which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// By whose clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// How long after the step before it that has an instant, in ms. Clocks differ, so it may be a little below zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<i64>,
    /// For a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// The buyer's request came in.
    Clicked,
    /// The order was stored.
    Stored,
    /// `order:created` was stored by the broker.
    Told,
    /// The timer was set.
    Scheduled,
    /// A worker took the timer in hand.
    Claimed,
    /// `expiration:complete` was stored by the broker.
    Fired,
    /// Cancelled or complete.
    Decided,
    /// `order:cancelled` or `order:completed` was stored by the broker.
    DecisionTold,
    /// The seat is free again.
    SeatFree,
    /// The money is where it belongs.
    MoneySettled,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 10] = [
        Self::Clicked,
        Self::Stored,
        Self::Told,
        Self::Scheduled,
        Self::Claimed,
        Self::Fired,
        Self::Decided,
        Self::DecisionTold,
        Self::SeatFree,
        Self::MoneySettled,
    ];

    /// For a person.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Clicked => "clicked",
            Self::Stored => "stored",
            Self::Told => "told",
            Self::Scheduled => "scheduled",
            Self::Claimed => "claimed",
            Self::Fired => "fired",
            Self::Decided => "decided",
            Self::DecisionTold => "decision told",
            Self::SeatFree => "seat free",
            Self::MoneySettled => "money settled",
        }
    }
}
