//! A schedule and the model of it, side by side.

use std::{collections::HashSet, time::Duration};

use common::{
    clock,
    event::{Id, Timestamp},
    internal::Pause,
};
use expiration::schedule::{Claim, ClaimOptions, Job, PauseAnswer, Schedule};
use testkit::Redis;

use crate::{
    action::Action,
    model::{Model, Paused, State},
};

pub(crate) const ORDERS: usize = 12;
pub(crate) const WORKERS: usize = 3;
const HOUR_MS: i64 = 3_600_000;
pub(crate) const DUE: &str = "{property:order:expiration}:due";

pub(crate) struct World {
    pub(crate) schedule: Schedule,
    pub(crate) redis: redis::aio::MultiplexedConnection,
    pub(crate) ids: Vec<Id>,
    start_ms: i64,
    pub(crate) model: Model,
    claims: Vec<Option<(u64, Claim)>>,
    next_claim: u64,
    /// Hours, 0 or less, by which the fleet's clock is behind Redis'.
    pub(crate) fleet_hours: Option<i64>,
}

impl World {
    pub(crate) async fn new(redis: &Redis) -> Self {
        let mut connection = redis.connect().await.unwrap();
        redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await.unwrap();
        Self {
            schedule: Schedule::new(&redis.url(), "property").unwrap(),
            redis: connection,
            ids: (0..ORDERS).map(|_| Id::generate()).collect(),
            // Half an hour off the full hours, so that no due time is near.
            start_ms: clock::now_ms() - HOUR_MS / 2,
            model: Model::default(),
            claims: (0..WORKERS).map(|_| None).collect(),
            next_claim: 0,
            fleet_hours: None,
        }
    }

    fn at(&self, hours: i64) -> i64 {
        self.start_ms + hours * HOUR_MS
    }

    pub(crate) async fn apply(&mut self, action: &Action) {
        match *action {
            Action::Schedule { order, hours } => {
                let job = Job { id: self.ids[order].clone(), due_ms: self.at(hours) };
                let new = self.schedule.schedule(&[job]).await.unwrap();
                assert_eq!(
                    new == 1,
                    !self.model.jobs.contains_key(&order),
                    "a timer that is there stays as it is"
                );
                let due_ms = self.at(hours);
                self.model.jobs.entry(order).or_insert(State::Waiting(due_ms));
            }
            Action::Unschedule { order } => {
                let removed = self.schedule.unschedule(&[&self.ids[order]]).await.unwrap();
                assert_eq!(removed == 1, self.model.jobs.remove(&order).is_some());
            }
            Action::Extend { order, hours } => self.extend(order, self.at(hours)).await,
            Action::Move { order, hours } => self.move_timer(order, self.at(hours)).await,
            Action::Remove { order } => {
                let removed = self.schedule.remove_timers(&[self.ids[order].clone()]).await.unwrap();
                if self.changes(order, &removed) {
                    self.model.jobs.remove(&order);
                }
            }
            Action::Pause { hours } => {
                let until = Timestamp::from_millis(clock::now_ms() + hours * HOUR_MS);
                let pause = Pause { until, rate: None, by: "somebody".to_owned() };
                assert_eq!(self.schedule.pause(&pause).await.unwrap(), PauseAnswer::Paused);
                self.model.pause = Paused::Yes;
            }
            Action::Resume { rate } => {
                let resumed = self.schedule.resume(rate).await.unwrap();
                assert!(resumed || self.model.pause != Paused::Yes, "there was a pause");
                self.model.pause = if rate.is_some() && resumed { Paused::Over } else { Paused::No };
            }
            Action::Claim { worker, limit, fresh, skew_hours, ahead_hours } => {
                let ahead = Duration::from_millis((ahead_hours * HOUR_MS).unsigned_abs());
                self.claim(worker, ClaimOptions { limit, fresh, ahead }, skew_hours).await;
            }
            Action::Complete { worker } => {
                if let Some((number, claim)) = self.claims[worker].take() {
                    let held = self.model.held_by(number);
                    let removed = self.schedule.complete(&claim).await.unwrap();
                    assert_eq!(
                        removed as usize,
                        held.len(),
                        "exactly what this claim still holds is removed"
                    );
                    self.model.jobs.retain(|order, _| !held.contains(order));
                }
            }
            Action::Settle { worker, stored } => self.settle(worker, stored).await,
            Action::Lapse => self.lapse().await,
        }
        self.compare().await;
    }

    async fn claim(&mut self, worker: usize, options: ClaimOptions, skew_hours: i64) {
        let worker_us = (clock::now_ms() + skew_hours * HOUR_MS) * 1_000;
        let claimed = self.schedule.claim_at(options, worker_us).await.unwrap();
        // Due by the slower of the two clocks. A claim can't be claimed ahead.
        let behind = skew_hours.min(0);
        let fleet = self.fleet_hours.map_or(behind, |fleet| fleet.max(behind));
        self.fleet_hours = Some(fleet);
        if self.model.pause == Paused::Yes {
            assert!(claimed.claim.is_none(), "claimed in a pause: {claimed:?}");
            let wait = claimed.wait.unwrap();
            assert!(wait > Duration::ZERO && wait <= Duration::from_secs(2 * 3_600), "{wait:?}");
            return;
        }
        let latest = clock::now_ms() + skew_hours.min(0) * HOUR_MS + options.ahead.as_millis() as i64;
        let due = self.model.due(latest, behind);
        let taken: Vec<usize> =
            claimed.claim.iter().flat_map(|claim| &claim.jobs).map(|job| self.order_of(&job.id)).collect();
        // Claims that can't be taken may hide jobs that are due ahead, until they lapse.
        let most = due.len().min(options.limit);
        let overdue = due.iter().filter(|order| match self.model.jobs[*order] {
            State::Waiting(due_ms) => due_ms <= latest - options.ahead.as_millis() as i64,
            _ => true,
        });
        // At a rate that has only begun, all of those that waited may not have their turn yet.
        let is_over = self.model.pause == Paused::Over;
        let least = if is_over { 0 } else { overdue.count().min(options.limit) };
        assert!(
            (least..=most).contains(&taken.len()) && (is_over || !options.ahead.is_zero() || least == most),
            "as many as are due and asked for; due {due:?}, taken {taken:?}"
        );
        let distinct: HashSet<_> = taken.iter().collect();
        assert_eq!(distinct.len(), taken.len(), "each once: {taken:?}");
        assert!(taken.iter().all(|order| due.contains(order)), "never early: due {due:?}, taken {taken:?}");
        let Some(claim) = claimed.claim else { return };
        self.next_claim += 1;
        for (order, job) in taken.iter().zip(&claim.jobs) {
            if let State::Waiting(due_ms) = self.model.jobs[order] {
                assert_eq!(job.due_ms, due_ms, "a claim tells the due time");
            }
            self.model.jobs.insert(*order, State::Claimed(self.next_claim, job.due_ms, fleet));
        }
        self.claims[worker] = Some((self.next_claim, claim));
    }

    async fn settle(&mut self, worker: usize, stored: usize) {
        let Some((number, claim)) = self.claims[worker].take() else { return };
        let held = self.model.held_by(number);
        let (stored, unknown) = claim.jobs.split_at(stored.min(claim.jobs.len()));
        let still = |jobs: &[Job]| jobs.iter().filter(|job| held.contains(&self.order_of(&job.id))).count();
        let (completes, releases) = (still(stored), still(unknown));
        let removed = self.schedule.complete_some(&claim, &stored.iter().collect::<Vec<_>>()).await.unwrap();
        let released = self.schedule.release(&claim, &unknown.iter().collect::<Vec<_>>()).await.unwrap();
        assert_eq!((removed as usize, released as usize), (completes, releases));
        for job in stored {
            let order = self.order_of(&job.id);
            if held.contains(&order) {
                self.model.jobs.remove(&order);
            }
        }
        for job in unknown {
            let order = self.order_of(&job.id);
            if let Some(State::Claimed(by, due_ms, _)) = self.model.jobs.get(&order).copied()
                && by == number
            {
                self.model.jobs.insert(order, State::Waiting(due_ms));
            }
        }
    }

    /// Moves every claim's score into the past, as time would.
    async fn lapse(&mut self) {
        let members: Vec<(String, f64)> = redis::cmd("ZRANGE")
            .arg(DUE)
            .arg(0)
            .arg(-1)
            .arg("WITHSCORES")
            .query_async(&mut self.redis)
            .await
            .unwrap();
        for (id, score) in members.iter().filter(|(_, score)| score.fract() != 0.0) {
            let moved = score - 60_000.0;
            redis::cmd("ZADD").arg(DUE).arg(moved).arg(id).query_async::<()>(&mut self.redis).await.unwrap();
        }
        for state in self.model.jobs.values_mut() {
            if let State::Claimed(_, _, fleet) = *state {
                *state = State::Lapsed(fleet);
            }
        }
    }

    /// Every job of the model is in Redis, at its time or in a claim, and nothing else is.
    async fn compare(&mut self) {
        let members: Vec<(String, f64)> = redis::cmd("ZRANGE")
            .arg(DUE)
            .arg(0)
            .arg(-1)
            .arg("WITHSCORES")
            .query_async(&mut self.redis)
            .await
            .unwrap();
        let due = |score: f64| (score.fract() == 0.0).then_some(score as i64);
        let mut members: Vec<_> = members.into_iter().map(|(id, score)| (id, due(score))).collect();
        let mut expected: Vec<_> = self
            .model
            .jobs
            .iter()
            .map(|(order, state)| {
                let due = if let State::Waiting(due_ms) = state { Some(*due_ms) } else { None };
                (self.ids[*order].to_string(), due)
            })
            .collect();
        members.sort_unstable();
        expected.sort_unstable();
        assert_eq!(members, expected, "no job is lost, none comes from nowhere, and each has its time");
    }

    fn order_of(&self, id: &Id) -> usize {
        self.ids.iter().position(|known| known == id).unwrap()
    }
}
