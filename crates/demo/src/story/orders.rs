//! Orders are placed, and one that is too late for its seat is refused.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use common::{Service, event::Id, event::Subject};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{AT_ONCE, AT_REST, SOON, Story, wait::wait};
use crate::{
    cast::SignedUp,
    moment::Moment,
    plan::Way,
    text::{self, Tone},
};

impl Story<'_> {
    /// Places the first orders, pays some, has one cancelled, one refused, and one extended. The answer is when the last was placed, and who
    /// pays later.
    pub(super) async fn first_orders(
        &self,
        people: &SignedUp,
        seats: &[Id],
    ) -> Result<(Instant, JoinSet<Result<()>>)> {
        let begin = Instant::now();
        let at_once = Arc::new(Semaphore::new(AT_ONCE));
        let mut orders = JoinSet::new();
        // The poison goes first: every payment is behind it.
        self.mischief.poisons(self.payments.poison().await?);
        for (index, role) in self.plan.first.iter().enumerate() {
            let customer = self.customer(*role, people, seats);
            let turn = begin + self.plan.pace * u32::try_from(index).unwrap_or(u32::MAX);
            let at_once = Arc::clone(&at_once);
            orders.spawn(async move {
                sleep_until(turn).await;
                let permit = at_once.acquire_owned().await;
                let placed = customer.order().await?;
                drop(permit);
                let placed_at = Instant::now();
                if matches!(customer.role.way(), Way::LastMoment | Way::MoreTime) {
                    return Ok((placed_at, Some((customer, placed))));
                }
                customer.follow_up(&placed).await?;
                anyhow::Ok((placed_at, None))
            });
        }
        self.book_twice(people, &seats[0]).await?;
        self.give_more_time().await?;
        let (mut placed_at, mut later) = (begin, JoinSet::new());
        while let Some(done) = orders.join_next().await {
            let (placed, who) = done.context("a buyer's task")??;
            placed_at = placed_at.max(placed);
            if let Some((customer, order)) = who {
                later.spawn(async move { customer.follow_up(&order).await });
            }
        }
        Ok((placed_at, later))
    }

    /// Another buyer wants a seat that is taken.
    async fn book_twice(&self, people: &SignedUp, ticket: &Id) -> Result<()> {
        let taken = || self.ledger.entries().into_iter().find(|entry| entry.ticket == *ticket);
        wait("the first seat is ordered", SOON, async || Ok(taken().is_none().then(|| "not yet".to_owned())))
            .await?;
        let rival = people.buyers.last().context("a rival")?;
        let answer = rival.order(ticket).await?;
        let (status, said) = (answer.status, answer.message());
        ensure!(status == 400, "a taken seat was ordered again: {status} {said}, and 400 is expected");
        let detail = format!("400: {} wants seat 1 as well: {said}", rival.name);
        self.narrator.tell(Moment::now("POST /api/orders", detail, Tone::Fault));
        Ok(())
    }

    /// Every `order:created` is in Redis.
    pub(super) async fn scheduled(&self) -> Result<()> {
        wait("every order has its timer in Redis", AT_REST, async || {
            match self.rest.untold(Service::Orders).await? {
                Some(untold) => Ok(Some(untold)),
                None => self.rest.unanswered(Service::Expiration, Subject::OrderCreated).await,
            }
        })
        .await
    }

    /// At that time, and then the killed service comes back; without `orders` the buyers have to wait for it.
    pub(super) async fn last_orders(&self, people: &SignedUp, seats: &[Id], at: Instant) -> Result<()> {
        sleep_until(at).await;
        self.narrator.act(format!(
            "{}; the first of them takes the seat that was given up",
            text::some(self.plan.last.len(), "more order")
        ));
        let place = async {
            for role in &self.plan.last {
                self.customer(*role, people, seats).order().await?;
            }
            anyhow::Ok(())
        };
        if self.options.kill == Service::Orders {
            tokio::try_join!(place, self.end_outage(people, seats))?;
        } else {
            place.await?;
            self.end_outage(people, seats).await?;
        }
        self.scheduled().await
    }
}
