//! Which timers an act on many is about, as they are when it is planned.

use std::collections::BTreeSet;

use common::{
    event::{Id, Timestamp},
    operator::TimerFilter,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    failure::Failure,
    peers::{PeerError, Peers},
};

/// Timers in one operation.
const MOST: usize = 1_000_000;
/// Ids whose due time is asked for one by one.
const MOST_ASKED: usize = 20_000;
const PAGE: usize = 1_000;
const IN_FLIGHT: usize = 16;

/// The ids, each once.
///
/// # Errors
/// 400 with the field, 503 `expiration` is away.
pub(crate) async fn select(peers: &Peers, filter: &TimerFilter) -> Result<Vec<Id>, Failure> {
    let TimerFilter { due_from, due_to, ids } = filter;
    if due_from.zip(*due_to).is_some_and(|(from, to)| from >= to) {
        return Err(Failure::field("dueTo", "dueTo must be later than dueFrom"));
    }
    match (ids, due_from.is_some() || due_to.is_some()) {
        (None, false) => Err(Failure::field("timers", "timers must say which: ids, dueFrom and dueTo")),
        (None, true) => due(peers, *due_from, *due_to).await,
        (Some(ids), is_due) => {
            let ids: BTreeSet<Id> = ids.iter().cloned().collect();
            if ids.len() > MOST {
                return Err(too_many("ids", MOST));
            }
            if is_due {
                those_due(peers, ids, *due_from, *due_to).await
            } else {
                Ok(ids.into_iter().collect())
            }
        }
    }
}

fn too_many(field: &str, most: usize) -> Failure {
    Failure::field(field, format!("these are more than {most}: take them in parts"))
}

async fn due(peers: &Peers, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Vec<Id>, Failure> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut after: Option<String> = None;
    loop {
        let page = peers.timers(from, to, after.as_deref(), PAGE).await?;
        // One that was moved meanwhile may come twice.
        found.extend(page.timers.into_iter().map(|timer| timer.id).filter(|id| seen.insert(id.clone())));
        if found.len() > MOST {
            return Err(too_many("dueTo", MOST));
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(found),
        }
    }
}

async fn those_due(
    peers: &Peers,
    ids: BTreeSet<Id>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> Result<Vec<Id>, Failure> {
    if ids.len() > MOST_ASKED {
        return Err(too_many("ids", MOST_ASKED));
    }
    let asked = stream::iter(ids).map(|id| async move {
        let timer = peers.timer(&id).await?;
        let is_due = |at: Timestamp| from.is_none_or(|from| from <= at) && to.is_none_or(|to| at < to);
        Ok::<_, PeerError>(timer.filter(|timer| is_due(timer.due_at)).map(|_| id))
    });
    let found: Vec<Option<Id>> = asked.buffered(IN_FLIGHT).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}
