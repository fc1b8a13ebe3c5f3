//! One buyer with one order in mind: places it, and later pays, cancels or forgets it.

mod paying;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use common::{
    clock,
    event::{Id, Timestamp},
};
use judge::Known;
use tokio::time::Instant;

use super::{
    cast::{Answer, Person},
    ledger::{Entry, Ledger},
    moment::Moment,
    narrator::Narrator,
    plan::{Ending, Role},
    text::Tone,
};

/// How long a buyer goes on trying while a service is down.
const PATIENCE: Duration = Duration::from_secs(30);
const TRY_AGAIN: Duration = Duration::from_millis(250);

/// One buyer with one order in mind.
#[derive(Debug)]
pub(super) struct Customer {
    pub(super) role: Role,
    pub(super) ticket: Id,
    pub(super) window: Duration,
    pub(super) person: Arc<Person>,
    pub(super) narrator: Narrator,
    pub(super) ledger: Ledger,
}

impl Customer {
    /// Places the order. While `orders` is down he looks at his list and orders again, as a person would: what he finds
    /// there was placed by a request whose answer was lost.
    pub(super) async fn order(&self) -> Result<Id> {
        let deadline = Instant::now() + PATIENCE;
        let mut is_in_doubt = false;
        loop {
            let answer = self.person.order(&self.ticket).await;
            if let Ok(answer) = &answer {
                // Reserved, perhaps by his own order.
                let may_be_his = is_in_doubt && answer.status == 400;
                if !answer.is_away() && !may_be_his {
                    return Ok(self.placed(answer.order()?, Known::Answered));
                }
            }
            self.tries_again("POST /api/orders", &answer, deadline)?;
            is_in_doubt = true;
            tokio::time::sleep(TRY_AGAIN).await;
            if let Ok(Some(found)) = self.find().await {
                return Ok(self.placed(found, Known::Listed));
            }
        }
    }

    /// The order of this ticket in the buyer's list that nobody knew of.
    async fn find(&self) -> Result<Option<(Id, Timestamp)>> {
        let orders = self.person.orders().await?.orders_of(&self.ticket)?;
        Ok(orders.into_iter().find(|(order, _)| self.ledger.order(order).is_none()))
    }

    fn placed(&self, (order, expires_at): (Id, Timestamp), known: Known) -> Id {
        let ticket = self.ticket.clone();
        self.ledger.add(Entry {
            role: self.role,
            order: order.clone(),
            ticket,
            expires_at,
            placed_at_ms: clock::now_ms(),
            known,
            extended: None,
            cancelled: None,
        });
        order
    }

    /// Pays or cancels, after a while and well before the time is over.
    pub(super) async fn follow_up(&self, order: &Id) -> Result<()> {
        match self.role.ending {
            Ending::Paid | Ending::Extended => self.pay(order).await,
            Ending::CancelledByBuyer => {
                tokio::time::sleep(self.window / 4).await;
                self.cancel(order).await
            }
            Ending::Expires | Ending::Lost => Ok(()),
        }
    }

    /// Doing it twice is as good as once.
    async fn cancel(&self, order: &Id) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.person.cancel(order).await {
                Ok(answer) if !answer.is_away() => {
                    let (status, said) = (answer.status, answer.message());
                    ensure!(status == 204, "DELETE of order {order}: expected 204, not {status}: {said}");
                    break;
                }
                away => self.tries_again("DELETE /api/orders", &away, deadline)?,
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
        self.ledger.cancel(order);
        let detail = format!("204: {} gives up seat {}", self.person.name, self.role.seat);
        self.narrator.tell(Moment::now("DELETE /api/orders", detail, Tone::End).of(order, &self.ledger));
        Ok(())
    }

    fn tries_again(&self, what: &str, away: &Result<Answer>, deadline: Instant) -> Result<()> {
        let said = match away {
            Ok(answer) => format!("{}: {}", answer.status, answer.message()),
            Err(error) => format!("{error:#}"),
        };
        ensure!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}; at last: {said}");
        let detail = format!("{said}; {} tries again", self.person.name);
        self.narrator.tell(Moment::now(what, detail, Tone::Fault));
        Ok(())
    }
}
