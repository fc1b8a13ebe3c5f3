//! How a buyer pays: with a card, with the second one after the first was declined, at the last moment, or after it.

use anyhow::{Result, bail};
use common::{clock, event::Id};
use tokio::time::Instant;

use super::{Customer, PATIENCE, TRY_AGAIN};
use crate::{moment::Moment, plan::Way, text::Tone};

/// A token as the card form of Stripe makes one.
const GOOD_CARD: &str = "tok_visa";
const DECLINED_CARD: &str = "tok_chargeDeclined";
/// What the last moment leaves: what is stored a second before the time is over has to complete the order.
const LAST_MOMENT_MS: i64 = 1_300;
/// How long after it: nobody can say that the time which the order had at first was enough.
const AFTER_IT_MS: i64 = 200;

impl Customer {
    /// Pays for the order, after a while and before the time is over.
    pub(super) async fn pay(&self, order: &Id) -> Result<()> {
        match self.role.way() {
            Way::Card => tokio::time::sleep(self.window / 5).await,
            Way::SecondCard => {
                tokio::time::sleep(self.window / 5).await;
                self.pay_with(order, DECLINED_CARD, 402).await?;
            }
            Way::LastMoment => self.until(order, -LAST_MOMENT_MS).await,
            Way::MoreTime => self.until(order, AFTER_IT_MS).await,
        }
        self.pay_with(order, GOOD_CARD, 201).await
    }

    /// Until so long after the time that the order had at first.
    async fn until(&self, order: &Id, after_ms: i64) {
        let entry = self.ledger.order(order);
        let until_ms = entry.map_or(0, |entry| entry.expires_at.as_millis()) + after_ms;
        let left_ms = u64::try_from(until_ms - clock::now_ms()).unwrap_or_default();
        tokio::time::sleep(std::time::Duration::from_millis(left_ms)).await;
    }

    /// The same request again is the same payment, so he may try as often as he likes.
    async fn pay_with(&self, order: &Id, card: &str, expected: u16) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let answer = loop {
            match self.person.pay(order, Some(card)).await {
                Ok(answer) if !answer.is_away() => break answer,
                away => self.tries_again("POST /api/payments", &away, deadline)?,
            }
            tokio::time::sleep(TRY_AGAIN).await;
        };
        let (detail, tone) = match answer.status {
            201 => (format!("201: {}'s card is good, the money is held", self.person.name), Tone::Good),
            402 => (format!("402: {}: {}", self.person.name, answer.message()), Tone::Fault),
            status => bail!("POST /api/payments for order {order}: {status} {}", answer.message()),
        };
        if answer.status != expected {
            bail!("POST /api/payments for order {order}: expected {expected}, not {}", answer.status);
        }
        self.narrator.tell(Moment::now("POST /api/payments", detail, tone).of(order, &self.ledger));
        Ok(())
    }
}
