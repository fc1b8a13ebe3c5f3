//! Events of the orders' stream on their way into the schedule: what they come to for each order, in batches for one script.
//!
//! Of an order that was created and cancelled within a chunk only the removal is left, so most timers that nobody needs any
//! more are never added.

use std::{collections::HashMap, time::Duration};

use common::event::{Id, OrderCancelled, OrderCreated, OrderExtended, Subject};
use messaging::{StoredEvent, read_event};

use super::fired::Fired;
use crate::{
    handlers::due_ms,
    schedule::{Job, RebuildBatch},
};

/// What a change costs Redis in a set of a million, in half microseconds: an addition near the last one, an extension and a
/// removal of a timer that may be anywhere.
const ADD: usize = 5;
const EXTEND: usize = 16;
const REMOVE: usize = 10;
/// So much goes into one script: it takes 1 ms then.
const LIMIT: usize = 2_000;

/// What the events of a chunk say of one order.
#[derive(Debug, Default)]
struct News {
    created: Option<i64>,
    extended: Option<i64>,
    cancelled: bool,
}

/// Events that are applied together: the checkpoint moves only behind all of them.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// In the order in which they were first told of: their due times follow each other, which is faster.
    orders: Vec<(Id, News)>,
    index: HashMap<Id, usize>,
    /// How many events it holds, with those that say nothing.
    events: usize,
    /// Sequence and instant of the last one.
    last: Option<(u64, i64)>,
}

impl Chunk {
    /// Takes the next event. A body that is none says nothing: its consumer makes a dead letter of it.
    pub(super) fn take(&mut self, event: &StoredEvent, max_delay: Duration) {
        self.events += 1;
        self.last = Some((event.sequence, event.stored_ns));
        // A due time too far away was refused when the event came.
        let due_ms = |expires_at| due_ms(expires_at, max_delay, event.stored_ns / 1_000_000);
        match event.subject {
            Subject::OrderCreated => {
                if let Ok(OrderCreated { id, expires_at, .. }) = read_event(&event.payload)
                    && let Some(due_ms) = due_ms(expires_at)
                {
                    let news = self.news(id);
                    // It adds nothing where an extension that came first has.
                    if news.extended.is_none() {
                        news.created.get_or_insert(due_ms);
                    }
                }
            }
            Subject::OrderExtended => {
                if let Ok(OrderExtended { id, expires_at }) = read_event(&event.payload)
                    && let Some(due_ms) = due_ms(expires_at)
                {
                    let extended = &mut self.news(id).extended;
                    *extended = Some(extended.map_or(due_ms, |before| before.max(due_ms)));
                }
            }
            Subject::OrderCancelled => {
                if let Ok(OrderCancelled { id, .. }) = read_event(&event.payload) {
                    self.news(id).cancelled = true;
                }
            }
            _ => {}
        }
    }

    fn news(&mut self, id: Id) -> &mut News {
        let index = *self.index.entry(id).or_insert_with_key(|id| {
            self.orders.push((id.clone(), News::default()));
            self.orders.len() - 1
        });
        &mut self.orders[index].1
    }

    pub(super) fn events(&self) -> usize {
        self.events
    }

    pub(super) fn last(&self) -> Option<(u64, i64)> {
        self.last
    }

    /// Batches without what has `fired`, none of which takes Redis long. What is said of one order is in one batch: between two
    /// a worker may claim.
    pub(super) fn into_batches(self, fired: &Fired) -> Vec<RebuildBatch> {
        let mut batches = Vec::new();
        let (mut batch, mut cost) = (RebuildBatch::default(), 0);
        for (id, news) in self.orders {
            if news.cancelled {
                cost += REMOVE;
                batch.removes.push(id);
            } else if !fired.contains(&id) {
                if let Some(due_ms) = news.created {
                    cost += ADD;
                    batch.adds.push(Job { id: id.clone(), due_ms });
                }
                if let Some(due_ms) = news.extended {
                    cost += EXTEND;
                    batch.extends.push(Job { id, due_ms });
                }
            }
            if cost >= LIMIT {
                batches.push(std::mem::take(&mut batch));
                cost = 0;
            }
        }
        if !batch.is_empty() {
            batches.push(batch);
        }
        batches
    }
}

#[cfg(test)]
mod tests {
    use common::event::Timestamp;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);
    const STORED_MS: i64 = 1_769_860_800_000;

    fn event(sequence: u64, subject: Subject, body: String) -> StoredEvent {
        let stored_ns = STORED_MS * 1_000_000;
        StoredEvent { subject, sequence, stored_ns, payload: body.into(), left: 0 }
    }

    fn created(sequence: u64, id: &str, in_ms: i64) -> StoredEvent {
        let expires_at = Timestamp::from_millis(STORED_MS + in_ms);
        let body = format!(
            r#"{{"id":"{id}","version":0,"status":"created","userId":"u","expiresAt":"{expires_at}","ticket":{{"id":"t","price":20}}}}"#
        );
        event(sequence, Subject::OrderCreated, body)
    }

    fn extended(sequence: u64, id: &str, in_ms: i64) -> StoredEvent {
        let expires_at = Timestamp::from_millis(STORED_MS + in_ms);
        let body = format!(r#"{{"id":"{id}","expiresAt":"{expires_at}"}}"#);
        event(sequence, Subject::OrderExtended, body)
    }

    fn cancelled(sequence: u64, id: &str) -> StoredEvent {
        let body = format!(r#"{{"id":"{id}","version":1,"ticket":{{"id":"t"}}}}"#);
        event(sequence, Subject::OrderCancelled, body)
    }

    fn chunk(events: &[StoredEvent]) -> Chunk {
        let mut chunk = Chunk::default();
        events.iter().for_each(|event| chunk.take(event, HOUR));
        chunk
    }

    fn job(id: &str, in_ms: i64) -> Job {
        Job { id: id.parse().unwrap(), due_ms: STORED_MS + in_ms }
    }

    #[test]
    fn of_what_is_cancelled_only_the_removal_is_left_and_of_several_instants_the_latest() {
        let events = [
            created(1, "a", 5),
            created(2, "b", 6),
            created(3, "a", 7),
            extended(4, "b", 20),
            extended(5, "b", 10),
            cancelled(6, "c"),
            created(7, "d", 8),
            cancelled(8, "d"),
            extended(9, "e", 9),
            created(10, "e", 11),
        ];
        let chunk = chunk(&events);
        assert_eq!((chunk.events(), chunk.last()), (10, Some((10, STORED_MS * 1_000_000))));
        let batch = RebuildBatch {
            adds: vec![job("a", 5), job("b", 6)],
            extends: vec![job("b", 20), job("e", 9)],
            removes: vec!["c".parse().unwrap(), "d".parse().unwrap()],
        };
        assert_eq!(chunk.into_batches(&Fired::default()), [batch]);
    }

    #[test]
    fn what_has_fired_is_left_out_unless_it_is_to_be_removed() {
        let mut fired = Fired::default();
        for id in ["a", "b", "c"] {
            fired.add(&id.parse().unwrap());
        }
        fired.settle();
        let events = [created(1, "a", 5), extended(2, "b", 6), created(3, "c", 5), cancelled(4, "c")];
        let removal = RebuildBatch { removes: vec!["c".parse().unwrap()], ..Default::default() };
        assert_eq!(chunk(&events).into_batches(&fired), [removal]);
    }

    #[test]
    fn what_no_consumer_takes_says_nothing_and_counts() {
        let poison = event(1, Subject::OrderCreated, "[\"a\"]".to_owned());
        let too_far = created(2, "a", 3_600_001);
        let chunk = chunk(&[poison, too_far]);
        assert_eq!((chunk.events(), chunk.last().map(|last| last.0)), (2, Some(2)));
        assert_eq!(chunk.into_batches(&Fired::default()), []);
    }

    #[test]
    fn a_batch_is_bounded_and_has_both_of_an_order() {
        let events: Vec<StoredEvent> = (0..2_000)
            .flat_map(|n| [created(3 * n, &format!("a{n}"), 5), extended(3 * n + 1, &format!("a{n}"), 6)])
            .chain((0..5_000).map(|n| cancelled(9_000 + n, &format!("c{n}"))))
            .collect();
        let batches = chunk(&events).into_batches(&Fired::default());
        let cost = |batch: &RebuildBatch| {
            ADD * batch.adds.len() + EXTEND * batch.extends.len() + REMOVE * batch.removes.len()
        };
        assert!(batches.iter().all(|batch| cost(batch) < LIMIT + ADD + EXTEND), "none takes long");
        let ids = |jobs: &[Job]| jobs.iter().map(|job| job.id.clone()).collect::<Vec<_>>();
        assert!(batches.iter().all(|batch| ids(&batch.adds) == ids(&batch.extends)));
        assert_eq!(batches.iter().map(|batch| batch.removes.len()).sum::<usize>(), 5_000);
    }
}
