//! Events that are gone before a listener came for them: the broker lost them, or did not keep them for so long. They are told
//! again, without a person and without a restart.

use std::time::Duration;

use async_nats::jetstream::stream;
use common::{Service, event::Id};
use messaging::topology::Topology;
use platform::{CLUSTER, Platform};
use reqwest::Method;
use sqlx::{Connection as _, PgConnection};
use testkit::{ServiceProcess, eventually};

use crate::{
    people::{Person, id},
    world::{SOON, World, held_by, money_is},
};

/// Nothing expires here.
const WINDOW: Duration = Duration::from_secs(300);

/// A platform whose `tickets` is away, and a seat that it holds for Ada's order.
struct Away {
    world: World,
    ada: Person,
    ben: Person,
    ticket: Id,
    first: Id,
}

impl Away {
    async fn begin() -> Self {
        let world = World::of(Platform::builder().window(WINDOW)).await;
        let seller = Person::sign_up(&world.platform, "seller").await;
        let ada = Person::sign_up(&world.platform, "ada").await;
        let ben = Person::sign_up(&world.platform, "ben").await;
        let ticket = seller.sell("Concert, row 7").await;
        let first = id(&ada.order_soon(&ticket).await);
        world.ticket_is(&ada, &ticket, "the first order has the seat", held_by(&first)).await;
        let away = Self { world, ada, ben, ticket, first };
        away.is_noted().await;
        away.tickets().kill().await.unwrap();
        away
    }

    fn tickets(&self) -> &ServiceProcess {
        &self.world.platform.services(Service::Tickets)[0]
    }

    async fn stream(&self) -> stream::Stream {
        let name = Topology::new(CLUSTER, 1).stream_name(Service::Orders);
        self.world.jetstream.get_stream(name).await.unwrap()
    }

    /// Waits until `orders` has noted that `tickets` has taken what there was.
    async fn is_noted(&self) {
        let mut orders =
            PgConnection::connect(self.world.platform.database_url(Service::Orders).unwrap()).await.unwrap();
        let last = self.stream().await.cached_info().state.last_sequence;
        eventually("it is noted how far tickets has come", SOON, async || {
            let taken: Vec<(String, i64)> =
                sqlx::query_as("select consumer, sequence from outbox_taken where consumer like 'tickets-%'")
                    .fetch_all(&mut orders)
                    .await
                    .map_err(|error| error.to_string())?;
            let is_there = |(_, sequence): &(String, i64)| u64::try_from(*sequence).unwrap() >= last;
            if taken.len() == 2 && taken.iter().all(is_there) { Ok(()) } else { Err(format!("{taken:?}")) }
        })
        .await;
    }

    /// Ada gives her order up, and Ben orders the seat and pays for it. Answers his order.
    async fn sell_again(&self) -> Id {
        let Self { world, ada, ben, ticket, first } = self;
        let given_up = ada.request(Method::DELETE, &format!("/api/orders/{first}")).send().await.unwrap();
        assert_eq!(given_up.status(), 204);
        let second = id(&ben.order_soon(ticket).await);
        eventually("his order can be paid", SOON, async || {
            let body = serde_json::json!({ "orderId": second, "token": "tok_visa" });
            let answer = ben.request(Method::POST, "/api/payments").json(&body).send().await.unwrap();
            if answer.status() == 201 { Ok(()) } else { Err(answer.text().await.unwrap()) }
        })
        .await;
        world.order_is(ben, &second, "the money is with the seller", money_is("captured")).await;
        second
    }

    /// `tickets` is back, and the seat has to become Ben's.
    async fn ends_well(&self, second: &Id) {
        let Self { world, ben, ticket, .. } = self;
        self.tickets().restart().await.unwrap();
        self.tickets().ready(SOON).await.unwrap();
        world.ticket_is(ben, ticket, "the second order has the seat", held_by(second)).await;
        let shown = ben.get(&format!("/api/orders/{second}")).await;
        assert_eq!((&shown["status"], &shown["payment"]["status"]), (&"complete".into(), &"captured".into()));
        assert_eq!(world.dead_letters().await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_tickets_that_is_longer_than_the_stream_keeps_events_leaves_no_seat_to_a_cancelled_order()
 {
    let away = Away::begin().await;
    let mut stream = away.stream().await;
    let config = stream.cached_info().config.clone();
    let forgetful = stream::Config {
        max_age: Duration::from_secs(10),
        duplicate_window: Duration::from_secs(10),
        ..config
    };
    away.world.jetstream.update_stream(forgetful).await.unwrap();
    let second = away.sell_again().await;
    eventually("all of it is forgotten", SOON, async || {
        let state = &stream.info().await.map_err(|error| error.to_string())?.state;
        if state.messages == 0 { Ok(()) } else { Err(format!("{state:?}")) }
    })
    .await;
    away.ends_well(&second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_tickets_had_not_come_for_when_the_broker_was_restored_from_an_older_copy_is_told_again() {
    let away = Away::begin().await;
    let copy = away.world.platform.nats().snapshot_files().await.unwrap();
    let second = away.sell_again().await;
    away.world.platform.nats().restore_files(&copy).await.unwrap();
    away.ends_well(&second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_tickets_had_not_come_for_when_the_stream_was_deleted_is_told_again() {
    let away = Away::begin().await;
    let second = away.sell_again().await;
    let name = Topology::new(CLUSTER, 1).stream_name(Service::Orders);
    away.world.jetstream.delete_stream(name).await.unwrap();
    away.ends_well(&second).await;
}
