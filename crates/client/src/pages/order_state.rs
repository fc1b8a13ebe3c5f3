//! What an order's state means to its buyer.

use std::time::Duration;

use chrono::{DateTime, Utc};
use common::event::OrderStatus;

use crate::api::{Order, Payment, PaymentState};

/// What an order's state means to its buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OrderState {
    /// It can be paid, for so long.
    ToPay(Duration),
    /// The money is on its way, and the order not complete yet.
    Confirming,
    /// Its time is over, and it is about to be cancelled.
    RunningOut,
    Paid,
    /// It is over; and where the money is, if there was any.
    Cancelled,
}

impl OrderState {
    /// The state at `now`, by the servers' clock.
    pub(super) fn of(order: &Order, payments: Option<&[Payment]>, now: DateTime<Utc>) -> Self {
        match order.status {
            OrderStatus::Complete => return Self::Paid,
            OrderStatus::Cancelled => return Self::Cancelled,
            OrderStatus::Created | OrderStatus::AwaitingPayment => {}
        }
        let is_held = |payment: &Payment| payment.status == PaymentState::Authorised;
        if payments.is_some_and(|payments| payments.iter().any(is_held)) {
            return Self::Confirming;
        }
        let left_ms = order.expires_at.as_millis() - now.timestamp_millis();
        match u64::try_from(left_ms) {
            Ok(left) if left > 0 => Self::ToPay(Duration::from_millis(left)),
            _ => Self::RunningOut,
        }
    }

    /// In a list.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::ToPay(_) => "To pay",
            Self::Confirming => "Being confirmed",
            Self::RunningOut => "Time is over",
            Self::Paid => "Paid",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// Where the money of an order is, in a sentence; `None` if there never was any.
pub(super) fn money(order: &Order) -> Option<&'static str> {
    Some(match (order.payment.as_ref()?.status.as_str(), order.status) {
        ("accepted", _) => "Your money is held, and is being taken.",
        ("captured", OrderStatus::Cancelled) => {
            "Your money was taken although the order is over: it is coming back."
        }
        ("captured", _) => "Your money was taken. Thank you!",
        ("rejected", _) => "Your payment came too late: your money is on its way back to you.",
        ("released", _) => "Your money was only held, and is free again. Nothing was taken.",
        ("refunded", _) => "Your money was given back. Banks can take some days to show it.",
        ("failed", _) => {
            "Something went wrong with your money. We are looking at it; you need to do nothing."
        }
        _ => "Your payment is being looked at.",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(status: &str, payment: &str) -> Order {
        let text = format!(
            r#"{{"id":"o","status":"{status}","userId":"u","expiresAt":"2026-01-31T12:00:00.000Z","version":0,
                "ticket":{{"id":"t","title":"a","price":20,"version":0}}{payment}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_time_left_is_counted_by_the_servers_clock() {
        let created = order("created", "");
        let state = |now| OrderState::of(&created, None, at(now));
        assert_eq!(state("2026-01-31T11:59:58.500Z"), OrderState::ToPay(Duration::from_millis(1_500)));
        assert_eq!(state("2026-01-31T12:00:00.000Z"), OrderState::RunningOut);
        assert_eq!(state("2027-01-31T12:00:00.000Z"), OrderState::RunningOut);
    }

    #[test]
    fn a_paid_order_stays_paid_when_its_time_is_over() {
        let now = at("2027-01-31T12:00:00.000Z");
        assert_eq!(OrderState::of(&order("complete", ""), None, now), OrderState::Paid);
        assert_eq!(OrderState::of(&order("cancelled", ""), None, now), OrderState::Cancelled);
        let held = [Payment { status: PaymentState::Authorised, reason: None }];
        assert_eq!(OrderState::of(&order("created", ""), Some(&held), now), OrderState::Confirming);
    }

    #[test]
    fn what_became_of_the_money_is_told_also_in_a_word_that_is_not_known_yet() {
        assert_eq!(money(&order("created", "")), None);
        for status in ["accepted", "captured", "rejected", "released", "refunded", "failed", "frozen"] {
            let payment = format!(r#","payment":{{"status":"{status}"}}"#);
            assert!(
                money(&order("complete", &payment))
                    .is_some_and(|text| text.contains("money") || status == "frozen")
            );
        }
    }
}
