//! Orders that become complete, as their rows show it.

use std::{
    collections::{HashMap, hash_map},
    sync::{Arc, Mutex, PoisonError},
};

use common::{clock, event::Id};
use judge::Quiescence;

use super::LOOK;
use crate::{ledger::Ledger, moment::Moment, narrator::Narrator, text::Tone};

/// Tells of each and remembers when it was seen, until it is aborted.
pub(super) async fn watch(
    rest: Quiescence,
    narrator: Narrator,
    ledger: Ledger,
    complete_at_ms: Arc<Mutex<HashMap<Id, i64>>>,
) {
    loop {
        let complete: Vec<String> = sqlx::query_scalar("select id from orders where status = 'complete'")
            .fetch_all(&rest.orders)
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
