//! The story: seats go on sale, buyers order them, and what can go wrong does.

use std::{
    collections::{HashMap, hash_map},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use common::{
    clock,
    event::{Id, Service, Subject},
    process::config::duration::WithUnit,
};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep_until},
};
use tokio_util::sync::DropGuard;

use super::{
    Options,
    cast::{Buyers, Payments, Tickets},
    customer::Customer,
    ledger::Ledger,
    moment::{Moment, Tone},
    narrator::Narrator,
    plan::{BUYERS, Fate, Plan, Role},
    rest::Rest,
    stage::Stage,
    text,
};
use crate::poll::poll;

/// Requests that are answered at the same time.
const AT_ONCE: usize = 32;
/// For what takes milliseconds when all is well.
const SOON: Duration = Duration::from_secs(30);
/// The sweeper's grace and interval, and room.
const SWEPT: Duration = Duration::from_secs(30);
/// A message that died with its consumer comes back after the ack wait of 30 s.
const AT_REST: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);

/// Everybody who takes part.
pub(super) struct Story<'a> {
    pub(super) options: &'a Options,
    pub(super) plan: &'a Plan,
    pub(super) stage: &'a Stage,
    pub(super) rest: Rest,
    pub(super) narrator: &'a Narrator,
    pub(super) ledger: &'a Ledger,
    pub(super) buyers: Arc<Buyers>,
    pub(super) tickets: Tickets,
    pub(super) payments: Arc<Payments>,
    /// When orders were first seen complete, in ms since the Unix epoch.
    pub(super) complete_at_ms: Arc<Mutex<HashMap<Id, i64>>>,
    /// Sends home those who listen.
    pub(super) _stop: DropGuard,
}

impl Story<'_> {
    /// Plays all of it, to the point where everything is at rest.
    pub(super) async fn play(&self) -> Result<()> {
        let watching = tokio::spawn(watch_payments(
            self.rest.clone(),
            self.narrator.clone(),
            self.ledger.clone(),
            Arc::clone(&self.complete_at_ms),
        ));
        let seats = self.open_sale().await?;
        let placed_at = self.first_orders(&seats).await?;
        self.kill_a_worker().await?;
        let last = self.last_orders(&seats, placed_at + self.options.window / 2).await?;
        self.timers_fire(last).await?;
        self.wipe_redis().await?;
        self.pay_too_late().await?;
        self.sweeper_catches().await?;
        self.come_to_rest().await?;
        watching.abort();
        self.stage.check_running()
    }

    async fn open_sale(&self) -> Result<Vec<Id>> {
        let Options { window, replicas, .. } = self.options;
        let count = self.plan.seats;
        self.narrator.act(format!(
            "{} for sale, and buyers order them over HTTP: each has {} to pay, and {} the time",
            are(count, "seat"),
            WithUnit(*window),
            if *replicas == 1 {
                "1 `expiration` process keeps".to_owned()
            } else {
                format!("{replicas} `expiration` processes keep")
            },
        ));
        let followed = self.plan.followed().len();
        if followed < self.options.orders {
            let orders = text::count(self.options.orders);
            self.narrator
                .act(format!("{followed} of the {orders} orders are shown line by line, all as a sum"));
        }
        let seats = self.tickets.open_sale(count).await?;
        for (index, ticket) in seats.iter().enumerate() {
            self.ledger.add_seat(ticket.clone(), index + 1);
        }
        wait("`orders` has copied the tickets", SOON, async || {
            let known: i64 =
                sqlx::query_scalar("select count(*) from tickets").fetch_one(&self.rest.database).await?;
            Ok(if known as usize >= count { None } else { Some(format!("{known} of {count}")) })
        })
        .await?;
        Ok(seats)
    }

    /// Places the first orders, pays some, has one cancelled and one refused. The answer is when the last was placed.
    async fn first_orders(&self, seats: &[Id]) -> Result<Instant> {
        let begin = Instant::now();
        let at_once = Arc::new(Semaphore::new(AT_ONCE));
        let mut orders = JoinSet::new();
        // The poison goes first: every payment is behind it.
        self.payments.poison().await?;
        for (index, role) in self.plan.first.iter().enumerate() {
            let customer = self.customer(*role, seats);
            let turn = begin + self.plan.pace * u32::try_from(index).unwrap_or(u32::MAX);
            let at_once = Arc::clone(&at_once);
            orders.spawn(async move {
                sleep_until(turn).await;
                let permit = at_once.acquire_owned().await;
                let placed = customer.order().await?;
                drop(permit);
                let placed_at = Instant::now();
                customer.follow_up(&placed).await?;
                anyhow::Ok(placed_at)
            });
        }
        self.book_twice(&seats[0]).await?;
        let mut placed_at = begin;
        while let Some(done) = orders.join_next().await {
            placed_at = placed_at.max(done.context("a buyer's task")??);
        }
        Ok(placed_at)
    }

    /// Another buyer wants a seat that is taken.
    async fn book_twice(&self, ticket: &Id) -> Result<()> {
        let taken = || self.ledger.entries().into_iter().find(|entry| entry.ticket == *ticket);
        wait("the first seat is ordered", SOON, async || Ok(taken().is_none().then(|| "not yet".to_owned())))
            .await?;
        let rival = BUYERS.len() - 1;
        let answer = self.buyers.order(rival, ticket).await?;
        ensure!(
            answer.status == 400,
            "a taken seat was ordered again: {} {}, and 400 is expected",
            answer.status,
            answer.body
        );
        let detail = format!("400: {} wants seat 1 as well: {}", BUYERS[rival], answer.message());
        self.narrator.tell(Moment::now("POST /api/orders", detail, Tone::Fault));
        Ok(())
    }

    /// `kill -9` on one worker, at a moment when every timer is in Redis and the worker holds nothing but its place.
    async fn kill_a_worker(&self) -> Result<()> {
        self.scheduled().await?;
        let timers = self.rest.timers().await?;
        let worker = &self.stage.expirations[0];
        let pid = worker.pid();
        self.narrator
            .act(format!("one `expiration` process is killed while {} pending", are(timers, "timer")));
        worker.kill().await?;
        self.narrator.tell(Moment::now("kill -9", format!("expiration-1, process {pid}"), Tone::Fault));
        if self.stage.expirations.len() == 1 {
            self.restart_worker().await?;
        }
        Ok(())
    }

    async fn restart_worker(&self) -> Result<()> {
        let worker = &self.stage.expirations[0];
        worker.restart().await?;
        worker.ready(SOON).await?;
        let detail = format!("expiration-1, process {}", worker.pid());
        self.narrator.tell(Moment::now("restart", detail, Tone::Plain));
        Ok(())
    }

    /// Every `order:created` is in Redis.
    async fn scheduled(&self) -> Result<()> {
        wait("every order has its timer in Redis", AT_REST, async || match self.rest.untold().await? {
            Some(untold) => Ok(Some(untold)),
            None => self.rest.unanswered(Service::Expiration, Subject::OrderCreated).await,
        })
        .await
    }

    /// The answer is how many orders they are.
    async fn last_orders(&self, seats: &[Id], at: Instant) -> Result<usize> {
        sleep_until(at).await;
        self.narrator.act(format!(
            "{}, whose timers will be lost; the first of them takes the seat that was given up",
            text::some(self.plan.last.len(), "more order")
        ));
        for role in &self.plan.last {
            self.customer(*role, seats).order().await?;
        }
        self.scheduled().await?;
        Ok(self.plan.last.len())
    }

    /// Waits until the timers of the first orders have fired, but never until those of the last would.
    async fn timers_fire(&self, last: usize) -> Result<()> {
        let entries = self.ledger.entries();
        let of = |wiped: bool| entries.iter().filter(move |entry| (entry.role.fate == Fate::Wiped) == wiped);
        let first_due_ms = of(false).map(|entry| entry.expires_at.as_millis()).min().unwrap_or_default();
        let too_late_ms = of(true).map(|entry| entry.expires_at.as_millis()).min().unwrap_or_default() - 500;
        self.narrator.act(format!(
            "now time passes, until {}: paid orders stay, all others are cancelled the moment they expire",
            text::clock(first_due_ms)
        ));
        loop {
            let left_ms = too_late_ms - clock::now_ms();
            if left_ms <= 0 || self.rest.timers().await? <= last {
                return Ok(());
            }
            tokio::time::sleep(LOOK.min(Duration::from_millis(left_ms.unsigned_abs()))).await;
        }
    }

    async fn wipe_redis(&self) -> Result<()> {
        let timers = self.rest.timers().await?;
        self.narrator.act(format!("Redis loses everything, while {} pending", are(timers, "timer")));
        self.rest.wipe_redis().await?;
        self.narrator.tell(Moment::now("FLUSHALL", "no timer is left", Tone::Fault));
        if !self.stage.expirations[0].is_running() {
            self.restart_worker().await?;
        }
        Ok(())
    }

    /// One of those who did not pay changes his mind, too late.
    async fn pay_too_late(&self) -> Result<()> {
        let entries = self.ledger.entries();
        let late =
            entries.iter().find(|entry| entry.role.fate == Fate::Expires).context("an order that expires")?;
        wait("the first unpaid order is cancelled", SWEPT, async || {
            let status: String = sqlx::query_scalar("select status from orders where id = $1")
                .bind(late.order.as_str())
                .fetch_one(&self.rest.database)
                .await?;
            Ok((status != "cancelled").then(|| format!("it is {status}")))
        })
        .await?;
        self.payments.pay(&late.order).await
    }

    async fn sweeper_catches(&self) -> Result<()> {
        let entries = self.ledger.entries();
        let due_ms = entries.iter().map(|entry| entry.expires_at.as_millis()).max().unwrap_or_default();
        self.narrator.act(format!(
            "nobody will wake `orders` at {}; its sweeper looks every 2 s for what is 10 s overdue, so wait",
            text::clock(due_ms)
        ));
        let left_ms = u64::try_from(due_ms - clock::now_ms()).unwrap_or_default();
        let limit = Duration::from_millis(left_ms) + SWEPT;
        wait("every unpaid order is cancelled", limit, async || self.rest.unpaid().await).await
    }

    /// What does not come to rest is for the summary to tell.
    async fn come_to_rest(&self) -> Result<()> {
        let deadline = Instant::now() + AT_REST;
        while !self.rest.unrest().await?.is_empty() && Instant::now() < deadline {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    fn customer(&self, role: Role, seats: &[Id]) -> Customer {
        Customer {
            role,
            ticket: seats[role.seat - 1].clone(),
            window: self.options.window,
            buyers: Arc::clone(&self.buyers),
            payments: Arc::clone(&self.payments),
            narrator: self.narrator.clone(),
            ledger: self.ledger.clone(),
        }
    }
}

/// Tells of orders that have become complete: no event does.
async fn watch_payments(
    rest: Rest,
    narrator: Narrator,
    ledger: Ledger,
    complete_at_ms: Arc<Mutex<HashMap<Id, i64>>>,
) {
    loop {
        let complete: Vec<String> = sqlx::query_scalar("select id from orders where status = 'complete'")
            .fetch_all(&rest.database)
            .await
            .unwrap_or_default();
        let now_ms = clock::now_ms();
        for order in complete.into_iter().filter_map(|id| Id::try_from(id).ok()) {
            let mut known = complete_at_ms.lock().unwrap_or_else(PoisonError::into_inner);
            if let hash_map::Entry::Vacant(new) = known.entry(order.clone()) {
                new.insert(now_ms);
                let moment = Moment::now("order complete", "paid in time", Tone::Good);
                narrator.tell(moment.of(&order, &ledger));
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// `1 seat is`, `2 seats are`
fn are(number: usize, what: &str) -> String {
    format!("{} {}", text::some(number, what), if number == 1 { "is" } else { "are" })
}

/// Waits until `state` answers `None`; else it says how it is.
async fn wait(
    what: &str,
    limit: Duration,
    mut state: impl AsyncFnMut() -> Result<Option<String>>,
) -> Result<()> {
    let waited = poll(limit, async || match state().await {
        Ok(None) => Ok(Ok(())),
        Ok(Some(state)) => Err(state),
        Err(error) => Ok(Err(error)),
    });
    match waited.await {
        Ok(done) => done,
        Err(last) => bail!(anyhow!("{what}: not within {limit:?}; at last: {last}")),
    }
}
