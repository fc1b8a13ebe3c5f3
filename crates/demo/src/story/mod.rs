//! The story: people sign up, seats go on sale, buyers order them, and what can go wrong does.

mod complete;
mod expiry;
mod loss;
mod operator;
mod orders;
mod outage;
mod page;
mod sale;
mod seat;
mod wait;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Result;
use common::event::Id;
use judge::Quiescence;

use super::{
    Options,
    cast::{Browser, Operator, Payments, Person, SignedUp},
    customer::Customer,
    ledger::Ledger,
    mischief::Mischief,
    narrator::Narrator,
    plan::{Plan, Role},
};
use platform::Platform;

/// Requests that are answered at the same time.
const AT_ONCE: usize = 32;
/// For what takes milliseconds when all is well.
const SOON: Duration = Duration::from_secs(30);
/// What may end an order whose timer is lost for good, and room.
const SWEPT: Duration = Duration::from_secs(30);
/// A message that died with its consumer comes back after the ack wait of 30 s.
const AT_REST: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);

/// Everybody who takes part.
pub(super) struct Story<'a> {
    pub(super) options: &'a Options,
    pub(super) plan: &'a Plan,
    pub(super) platform: &'a Platform,
    pub(super) rest: Quiescence,
    pub(super) narrator: &'a Narrator,
    pub(super) ledger: &'a Ledger,
    pub(super) browser: Browser,
    pub(super) payments: Arc<Payments>,
    pub(super) operator: Operator,
    /// What is broken on purpose.
    pub(super) mischief: Mischief,
    /// When orders were first seen complete, in ms since the Unix epoch.
    pub(super) complete_at_ms: Arc<Mutex<HashMap<Id, i64>>>,
}

impl Story<'_> {
    /// Plays all of it, to the point where everything is at rest. The answer is the buyer of the first order.
    pub(super) async fn play(&self) -> Result<Arc<Person>> {
        let watching = tokio::spawn(complete::watch(
            self.rest.clone(),
            self.narrator.clone(),
            self.ledger.clone(),
            Arc::clone(&self.complete_at_ms),
        ));
        let people = self.sign_up().await?;
        let seats = self.open_sale(&people).await?;
        let (placed_at, later) = self.first_orders(&people, &seats).await?;
        let copied = self.copy_files().await?;
        self.seat_is_free_again(&people, &seats).await?;
        self.kill(&people, &seats).await?;
        self.last_orders(&people, &seats, placed_at + self.options.window / 2).await?;
        self.seat_is_sold_again(&people, &seats).await?;
        let page = self.open_a_page(&people).await?;
        self.timers_fire().await?;
        later.join_all().await.into_iter().collect::<Result<()>>()?;
        self.lose(copied.as_ref()).await?;
        self.pay_too_late(&page).await?;
        self.replay_the_poison().await?;
        self.last_timers_fire().await?;
        self.come_to_rest().await?;
        watching.abort();
        self.platform.check_running()?;
        Ok(Arc::clone(&people.buyers[0]))
    }

    fn customer(&self, role: Role, people: &SignedUp, seats: &[Id]) -> Customer {
        Customer {
            role,
            ticket: seats[role.seat - 1].clone(),
            window: self.options.window,
            person: Arc::clone(&people.buyers[role.buyer]),
            narrator: self.narrator.clone(),
            ledger: self.ledger.clone(),
        }
    }
}
