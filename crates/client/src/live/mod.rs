//! Live pages: one subscription a process, fanned out to every open page as Server-Sent Events.
//!
//! `news` reads what the broker says and writes what pages are told; `tickets` shares it between all pages that show tickets,
//! `orders` tells the pages of one order; `ears` hears it. `stream` is a page's connection, of which `places` counts how
//! many there are, and `http` opens them.

mod ears;
mod http;
mod news;
mod orders;
mod places;
mod stream;
mod tickets;

use std::sync::Arc;

use axum::Router;
use common::Service;
use messaging::{Listener, NatsServers};
use metrics::describe_gauge;
use process::{
    Process,
    telemetry::{begin_at_zero, begin_each_at_zero},
};

use crate::api::Apis;
use orders::Orders;
use places::Places;
use tickets::Updates;

/// Everything that is told live. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Live {
    apis: Apis,
    places: Places,
    tickets: Arc<Updates>,
    orders: Arc<Orders>,
}

impl Live {
    /// For at most so many open pages. `apis` know whose an order is.
    pub fn new(apis: Apis, most_streams: usize) -> Self {
        describe_gauge!("live_streams", "Pages that are told live at this moment.");
        begin_each_at_zero("live_messages_total", "kind", &stream::KINDS);
        begin_each_at_zero("live_refused_total", "reason", &places::REASONS);
        begin_each_at_zero("live_resets_total", "kind", &stream::KINDS);
        begin_at_zero("live_gaps_total");
        let (tickets, orders) = (Arc::new(Updates::new()), Arc::new(Orders::default()));
        Self { apis, places: Places::new(most_streams), tickets, orders }
    }

    /// Listens to the broker until the drain, which ends the streams of all pages: browsers come back by themselves.
    ///
    /// # Errors
    /// Only when the settings can't describe a connection.
    pub async fn spawn(&self, process: &Process, nats: &NatsServers) -> anyhow::Result<()> {
        let listener = Listener::connect(Service::Client, nats, process.health()).await?;
        let heartbeat = process.health().register_loop("live", ears::LONGEST_SILENCE);
        let (live, stop) = (self.clone(), process.stopping());
        process.spawn("live", async move {
            ears::hear(&live, listener, heartbeat, stop).await;
            Ok(())
        });
        Ok(())
    }

    /// `/live/tickets` and `/live/orders/{id}`.
    pub fn router(self) -> Router {
        http::router(self)
    }
}
