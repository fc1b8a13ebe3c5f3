//! What happens to orders, told to the streams and to a straightforward model of the schedule.

use std::collections::{BTreeMap, BTreeSet};

use common::event::{Id, Timestamp};

use crate::support::{DUE_KEY, World};

/// What is told of orders.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    Created {
        order: usize,
        due_ms: i64,
    },
    Extended {
        order: usize,
        due_ms: i64,
    },
    Cancelled {
        order: usize,
    },
    Fired {
        order: usize,
    },
    /// A body that no consumer takes.
    Poison {
        subject: &'static str,
    },
}

/// The orders so far, and the schedule that they should have.
#[derive(Debug, Default)]
pub(crate) struct Model {
    ids: Vec<Id>,
    due: BTreeMap<usize, i64>,
    over: BTreeSet<usize>,
}

impl Model {
    /// Of so many orders; every third id is in a form that ours have not.
    pub(crate) fn of(orders: usize) -> Self {
        let id = |order| match order % 3 {
            2 => format!("Foreign_{order}-{}", Id::generate()).parse().unwrap(),
            _ => Id::generate(),
        };
        Self { ids: (0..orders).map(id).collect(), ..Self::default() }
    }

    pub(crate) fn id(&self, order: usize) -> &Id {
        &self.ids[order]
    }

    /// Tells of it, and expects what the rules say. What is over is told of no more.
    pub(crate) async fn tell(&mut self, world: &World, told: &Told) {
        match *told {
            Told::Created { order, due_ms } if !self.over.contains(&order) => {
                world.order_again(&self.ids[order], due_ms).await;
                self.due.entry(order).or_insert(due_ms);
            }
            Told::Extended { order, due_ms } if !self.over.contains(&order) => {
                let (id, expires_at) = (&self.ids[order], Timestamp::from_millis(due_ms));
                let body = format!(r#"{{"id":"{id}","expiresAt":"{expires_at}"}}"#);
                world.publish("order:extended", &body).await;
                let due = self.due.entry(order).or_insert(due_ms);
                *due = due_ms.max(*due);
            }
            Told::Cancelled { order } => {
                let body = format!(r#"{{"id":"{}","version":1,"ticket":{{"id":"t"}}}}"#, self.ids[order]);
                world.publish("order:cancelled", &body).await;
                self.end(order);
            }
            Told::Fired { order } => {
                let body = format!(r#"{{"orderId":"{}"}}"#, self.ids[order]);
                world.publish("expiration:complete", &body).await;
                self.end(order);
            }
            Told::Poison { subject } => drop(world.publish(subject, r#"{"id":7}"#).await),
            _ => {}
        }
    }

    /// An expiration that a worker has published.
    pub(crate) fn fired(&mut self, order: usize) {
        self.end(order);
    }

    fn end(&mut self, order: usize) {
        self.due.remove(&order);
        self.over.insert(order);
    }

    /// What should be in the schedule.
    pub(crate) fn timers(&self) -> BTreeMap<Id, i64> {
        self.due.iter().map(|(order, due_ms)| (self.ids[*order].clone(), *due_ms)).collect()
    }
}

/// What is in it; none of it is claimed.
pub(crate) async fn scheduled(world: &World) -> BTreeMap<Id, i64> {
    let members: Vec<(String, f64)> =
        world.redis_command(&["ZRANGE", DUE_KEY, "0", "-1", "WITHSCORES"]).await;
    members.into_iter().map(|(id, score)| (id.parse().unwrap(), score as i64)).collect()
}
