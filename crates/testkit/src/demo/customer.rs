//! One buyer with one order in mind: places it, and later pays, cancels or forgets it.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use common::event::Id;

use super::{
    cast::{Buyers, Payments},
    ledger::{Entry, Ledger},
    moment::{Moment, Tone},
    narrator::Narrator,
    plan::{BUYERS, Fate, Role},
};

/// One buyer with one order in mind.
#[derive(Debug)]
pub(super) struct Customer {
    pub(super) role: Role,
    pub(super) ticket: Id,
    pub(super) window: Duration,
    pub(super) buyers: Arc<Buyers>,
    pub(super) payments: Arc<Payments>,
    pub(super) narrator: Narrator,
    pub(super) ledger: Ledger,
}

impl Customer {
    /// Places the order.
    pub(super) async fn order(&self) -> Result<Id> {
        let answer = self.buyers.order(self.role.buyer, &self.ticket).await?;
        let (order, expires_at) = answer.order()?;
        let entry = Entry { role: self.role, order: order.clone(), ticket: self.ticket.clone(), expires_at };
        self.ledger.add(entry);
        Ok(order)
    }

    /// Pays or cancels, after a while and well before the time is over.
    pub(super) async fn follow_up(&self, order: &Id) -> Result<()> {
        match self.role.fate {
            Fate::Paid => {
                tokio::time::sleep(self.window / 5).await;
                self.payments.pay(order).await
            }
            Fate::CancelledByBuyer => {
                tokio::time::sleep(self.window / 4).await;
                let answer = self.buyers.cancel(self.role.buyer, order).await?;
                ensure!(answer.status == 204, "DELETE of order {order}: {} {}", answer.status, answer.body);
                let detail = format!("204: {} gives up seat {}", BUYERS[self.role.buyer], self.role.seat);
                self.narrator
                    .tell(Moment::now("DELETE /api/orders", detail, Tone::End).of(order, &self.ledger));
                Ok(())
            }
            Fate::Expires | Fate::Wiped => Ok(()),
        }
    }
}
