//! News of orders: told to the pages that look at them, and kept for nobody.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use common::{clock, event::Id};
use tokio::sync::watch;

use super::news::{OrderState, order, reset};

/// The orders that somebody looks at.
#[derive(Debug, Default)]
pub(super) struct Orders(Mutex<HashMap<Id, watch::Sender<Told>>>);

/// The last word about an order. It is all that a page needs, which loads again for any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    News(OrderState),
    /// Something may have been missed.
    Gap,
    Closed,
}

impl Orders {
    /// For a page that looks at this order from now on.
    pub(super) fn enter(self: &Arc<Self>, id: Id) -> Reader {
        let mut orders = locked(&self.0);
        let pages = orders.entry(id.clone()).or_insert_with(|| watch::Sender::new(Told::Nothing));
        let last = Some(pages.subscribe());
        Reader { id, last, orders: Arc::clone(self) }
    }

    pub(super) fn tell(&self, id: &Id, state: OrderState) {
        if let Some(pages) = locked(&self.0).get(id) {
            pages.send_replace(Told::News(state));
        }
    }

    /// Something was missed: every page loads again.
    pub(super) fn forget(&self) {
        self.all(Told::Gap);
    }

    /// Ends the streams of all pages.
    pub(super) fn close(&self) {
        self.all(Told::Closed);
    }

    fn all(&self, told: Told) {
        for pages in locked(&self.0).values() {
            pages.send_replace(told);
        }
    }

    #[cfg(test)]
    fn count(&self) -> usize {
        locked(&self.0).len()
    }
}

/// A page that looks at an order.
#[derive(Debug)]
pub(super) struct Reader {
    id: Id,
    /// There until it is dropped.
    last: Option<watch::Receiver<Told>>,
    orders: Arc<Orders>,
}

impl Reader {
    /// The next text to send, and whether it says that something is missing; none when there will be no more. Dropped
    /// half-way, nothing is lost.
    pub(super) async fn next(&mut self) -> Option<(Bytes, bool)> {
        let last = self.last.as_mut()?;
        loop {
            last.changed().await.ok()?;
            let told = *last.borrow_and_update();
            match told {
                Told::Nothing => {}
                Told::News(state) => return Some((order(&self.id, state), false)),
                Told::Gap => return Some((reset(clock::now_ms().unsigned_abs()), true)),
                Told::Closed => return None,
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut orders = locked(&self.orders.0);
        drop(self.last.take());
        if orders.get(&self.id).is_some_and(|pages| pages.receiver_count() == 0) {
            orders.remove(&self.id);
        }
    }
}

/// Nothing that holds this lock can panic half-way through a change.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn id(text: &str) -> Id {
        text.parse().unwrap()
    }

    fn text(reader: &mut Reader) -> Option<String> {
        let (text, _) = reader.next().now_or_never()??;
        Some(String::from_utf8(text.to_vec()).unwrap())
    }

    #[test]
    fn the_pages_of_an_order_are_told_of_it_and_no_other_page_is() {
        let orders = Arc::new(Orders::default());
        let (mut one, mut two, mut other) =
            (orders.enter(id("a")), orders.enter(id("a")), orders.enter(id("b")));
        orders.tell(&id("a"), OrderState::Complete);
        for page in [&mut one, &mut two] {
            assert!(text(page).unwrap().contains("\"state\":\"complete\""));
            assert_eq!(text(page), None);
        }
        assert_eq!(text(&mut other), None);
        let mut late = orders.enter(id("a"));
        assert_eq!(text(&mut late), None, "it has been shown the order as it is");
    }

    #[test]
    fn after_a_gap_every_page_loads_again() {
        let orders = Arc::new(Orders::default());
        let mut pages = ["a", "b"].map(|name| orders.enter(id(name)));
        orders.forget();
        assert!(pages.iter_mut().all(|page| text(page).unwrap().starts_with("event: reset")));
    }

    #[test]
    fn an_order_that_nobody_looks_at_takes_no_memory() {
        let orders = Arc::new(Orders::default());
        let (one, two) = (orders.enter(id("a")), orders.enter(id("a")));
        orders.tell(&id("b"), OrderState::Complete);
        drop(one);
        assert_eq!(orders.count(), 1);
        drop(two);
        assert_eq!(orders.count(), 0);
    }

    #[test]
    fn a_stream_ends_when_it_is_closed() {
        let orders = Arc::new(Orders::default());
        let mut page = orders.enter(id("a"));
        orders.close();
        assert_eq!(page.next().now_or_never(), Some(None));
    }
}
