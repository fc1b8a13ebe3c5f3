//! A stream that is full: its own publisher waits, and nobody else.

use std::time::Duration;

use async_nats::jetstream::stream;
use common::{Service, event::Subject};
use futures_util::future::join_all;
use messaging::topology::Topology;
use platform::CLUSTER;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use testkit::eventually;

use crate::{
    people::{Person, id},
    world::{SOON, World, free},
};

const WINDOW: Duration = Duration::from_secs(4);

impl World {
    /// What `tickets` has committed and not told.
    async fn untold(&self) -> i64 {
        let url = self.platform.database_url(Service::Tickets).unwrap();
        let mut tickets = PgConnection::connect(url).await.unwrap();
        sqlx::query_scalar("select count(*) from outbox").fetch_one(&mut tickets).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seller_who_fills_the_stream_of_tickets_holds_up_no_order_and_is_told_of_once_there_is_room() {
    let world = World::with_streams_of(WINDOW, 1_000_000).await;
    let (seller, flooder) =
        (Person::sign_up(&world.platform, "seller").await, Person::sign_up(&world.platform, "flooder").await);
    let ada = Person::sign_up(&world.platform, "ada").await;
    let (ticket, flooded) = (seller.sell("Concert, row 7").await, flooder.sell("Flood").await);
    let path = format!("/api/tickets/{flooded}");
    let title = "x".repeat(200);
    eventually("the stream is full", SOON, async || {
        let edits = (0..200).map(async |price| {
            let draft = json!({ "title": title, "price": price + 1 });
            flooder.request(reqwest::Method::PUT, &path).json(&draft).send().await.unwrap().status()
        });
        join_all(edits).await;
        match world.untold().await {
            0..=500 => Err("everything is told".to_owned()),
            _ => Ok(()),
        }
    })
    .await;

    let order = id(&ada.order_soon(&ticket).await);
    world.order_is(&ada, &order, "the order expired", |order| order["status"] == "cancelled").await;

    let name = Topology::new(CLUSTER, 1).stream_name(Subject::TicketUpdated.publisher());
    let config = world.jetstream.get_stream(&name).await.unwrap().cached_info().config.clone();
    world.jetstream.update_stream(stream::Config { max_bytes: 100_000_000, ..config }).await.unwrap();
    eventually("everything is told", SOON, async || match world.untold().await {
        0 => Ok(()),
        untold => Err(format!("{untold} events")),
    })
    .await;
    world.ticket_is(&ada, &ticket, "the seat is free", free).await;
    assert_eq!(world.dead_letters().await, [""; 0]);
}
