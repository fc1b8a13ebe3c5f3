//! From rows to what they mean. A row that means nothing is a decoding error.

use chrono::{DateTime, Utc};
use postgres::row::decode;
pub(super) use postgres::row::id;
use sqlx::Error;

use crate::payment::{Method, Payment};

/// The columns of a payment, with what follows.
macro_rules! select_payments {
    ($rest:literal) => {
        concat!(
            "select id, order_id, kind, amount, currency, status, decision, token, stripe_intent, stripe_session, url,
                    reason, key_round, attempts, due_at, created_at, updated_at, traceparent
             from payments ",
            $rest
        )
    };
}
pub(super) use select_payments;

#[derive(sqlx::FromRow)]
pub(super) struct PaymentRow {
    id: String,
    order_id: String,
    kind: String,
    amount: i64,
    currency: String,
    status: String,
    decision: Option<String>,
    token: Option<String>,
    stripe_intent: Option<String>,
    stripe_session: Option<String>,
    url: Option<String>,
    reason: Option<String>,
    key_round: i32,
    attempts: i32,
    due_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    traceparent: Option<String>,
}

impl TryFrom<PaymentRow> for Payment {
    type Error = Error;

    fn try_from(row: PaymentRow) -> Result<Self, Error> {
        let method = match row.kind.as_str() {
            "token" => Method::Token(row.token.map(Into::into)),
            _ => Method::Page,
        };
        Ok(Self {
            id: id(row.id)?,
            order_id: id(row.order_id)?,
            amount: row.amount,
            currency: row.currency.parse().map_err(decode)?,
            method,
            status: row.status.parse().map_err(decode)?,
            decision: row.decision.map(|text| text.parse().map_err(decode)).transpose()?,
            intent: row.stripe_intent,
            session: row.stripe_session,
            url: row.url,
            reason: row.reason,
            key_round: row.key_round,
            attempts: row.attempts,
            due_at: row.due_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
            traceparent: row.traceparent.and_then(|text| text.parse().ok()),
        })
    }
}
