//! The loop that hears the broker and tells the pages.

use std::time::Duration;

use messaging::{Heard, Listener};
use metrics::counter;
use process::health::Heartbeat;
use tokio::time::{Instant, interval, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::{
    Live,
    news::{News, TicketNews},
    tickets::Waiting,
};

/// A page is told at most four times a second. The first change in a quiet shop is told at once.
const BETWEEN_UPDATES: Duration = Duration::from_millis(250);
/// A loop in which nothing is heard turns all the same.
const BEAT: Duration = Duration::from_secs(5);
pub(super) const LONGEST_SILENCE: Duration = Duration::from_secs(30);

pub(super) async fn hear(live: &Live, mut listener: Listener, heartbeat: Heartbeat, stop: CancellationToken) {
    let mut waiting = Waiting::default();
    let mut next_update = Instant::now();
    let mut beats = interval(BEAT);
    loop {
        heartbeat.beat();
        tokio::select! {
            () = stop.cancelled() => break,
            _ = beats.tick() => {}
            () = sleep_until(next_update), if !waiting.is_empty() => {
                live.tickets.tell(&mut waiting);
                next_update = Instant::now() + BETWEEN_UPDATES;
            }
            heard = listener.next() => match heard {
                Heard::Event { subject, body } => match News::read(subject, &body) {
                    Some(News::Ticket(ticket)) => live.gather(&mut waiting, ticket),
                    Some(News::Order(id, state)) => live.orders.tell(&id, state),
                    None => debug!("{subject} brought nothing that a page could be told"),
                },
                Heard::Gap => live.forget(&mut waiting),
            },
        }
    }
    live.tickets.close();
    live.orders.close();
}

impl Live {
    fn gather(&self, waiting: &mut Waiting, ticket: TicketNews) {
        if !waiting.add(ticket) {
            self.forget(waiting);
        }
    }

    /// Something was missed, so every page loads again.
    fn forget(&self, waiting: &mut Waiting) {
        counter!("live_gaps_total").increment(1);
        waiting.clear();
        self.tickets.forget();
        self.orders.forget();
    }
}
