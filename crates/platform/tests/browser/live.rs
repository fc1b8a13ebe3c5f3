//! Pages that change while one looks at them.

use std::time::{Duration, Instant};

use common::Service;

use crate::{
    customer::{Customer, GIVE_UP},
    world::{LONG, World},
};

/// A seat that becomes free is seen by others within this time.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Tickets on one page.
const PAGE: usize = 20;

struct Scene {
    world: World,
    holder: Customer,
    watcher: Customer,
    seller: Customer,
}

impl Scene {
    async fn set() -> Self {
        let world = World::start(LONG).await;
        let (holder, seller) = (world.signed_in("holder").await, world.signed_in("seller").await);
        let watcher = world.customer().await;
        Self { world, holder, watcher, seller }
    }

    /// Somebody looks at `/`, which does not list a seat that somebody else holds; the other gives it up, and it is
    /// there. How long that took from the answer to the one who gave it up.
    async fn a_seat_becomes_free(&self, title: &str) -> Duration {
        let ticket = self.seller.sell(title, "20").await;
        self.holder.buy(&ticket).await;
        let row = format!("#tickets li[data-id='{ticket}']");
        testkit::eventually("the seat is not listed", LONG, async || {
            self.watcher.visit("/").await;
            if self.watcher.count(&row).await.unwrap() == 0 { Ok(()) } else { Err("it is".to_owned()) }
        })
        .await;
        self.listens().await;
        self.watcher.forget();
        self.holder.go(GIVE_UP).await.unwrap();
        let given_up = Instant::now();
        self.watcher.shows(&row).await.unwrap();
        let took = given_up.elapsed();
        let shown = self.watcher.text(&row).await.unwrap();
        assert!(shown.contains(title) && shown.contains("20"), "{shown}");
        took
    }

    /// The page's stream is open, as the page itself says.
    async fn listens(&self) {
        self.watcher.shows("html[data-live=on]").await.unwrap();
    }

    /// How often the watcher's page was loaded since the seat was given up.
    fn reloads(&self) -> usize {
        self.watcher.answers().iter().filter(|answer| answer.kind == "Document").count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_sees_a_seat_become_free_in_anothers_browser_within_a_second() {
    let scene = Scene::set().await;
    let mut all = Vec::new();
    for title in ["Swan Lake, row 1", "Swan Lake, row 2", "Swan Lake, row 3"] {
        all.push(scene.a_seat_becomes_free(title).await);
        assert_eq!(scene.reloads(), 0, "the page was not loaded again for it");
    }
    // One of them may have met a neighbour's compiler.
    all.sort_unstable();
    assert!(all[1] < AT_ONCE, "{all:?}");
    scene.watcher.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_was_made_from_is_not_put_on_top_of_it_as_news() {
    let scene = Scene::set().await;
    platform::seed(&scene.world.platform.url()).await.unwrap();
    let ids = async || -> Vec<String> {
        let rows = "[...document.querySelectorAll('#tickets li')].map(row => row.dataset.id).join(' ')";
        let ids = scene.watcher.read(rows).await.unwrap();
        ids.as_str().unwrap().split(' ').map(str::to_owned).collect()
    };
    // As soon as it can be: the stream begins with what happened in the seconds before the page was made.
    let before = testkit::eventually("the page is full", LONG, async || {
        scene.watcher.visit("/").await;
        let ids = ids().await;
        if ids.len() == PAGE { Ok(ids) } else { Err(format!("{} rows", ids.len())) }
    })
    .await;
    scene.listens().await;
    let news = scene.seller.sell("Something new", "20").await;
    scene.watcher.shows(&format!("#tickets li[data-id='{news}']")).await.unwrap();
    let expected: Vec<String> = [news].into_iter().chain(before).collect();
    assert_eq!(ids().await, expected, "what stands on page 2 is no news");
    scene.watcher.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_that_is_taken_meanwhile_is_marked_as_taken() {
    let scene = Scene::set().await;
    let ticket = scene.seller.sell("Hamlet, row 5", "20").await;
    scene.watcher.visit("/").await;
    scene.watcher.shows(&format!("#tickets li[data-id='{ticket}'] .free")).await.unwrap();
    scene.listens().await;
    scene.holder.buy(&ticket).await;
    scene.watcher.shows_no(&format!("#tickets li[data-id='{ticket}'] .free")).await.unwrap();
    scene.watcher.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_live_again_after_a_restart_of_nats() {
    let scene = Scene::set().await;
    scene.a_seat_becomes_free("Before").await;
    scene.world.platform.nats().restart().await.unwrap();
    scene.a_seat_becomes_free("After").await;
    scene.watcher.leaves_after_trouble();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_open_over_a_restart_of_client_is_live_again_by_itself() {
    let scene = Scene::set().await;
    let ticket = scene.seller.sell("Over the restart", "20").await;
    scene.holder.buy(&ticket).await;
    let row = format!("#tickets li[data-id='{ticket}']");
    testkit::eventually("the seat is not listed", LONG, async || {
        scene.watcher.visit("/").await;
        if scene.watcher.count(&row).await.unwrap() == 0 { Ok(()) } else { Err("it is".to_owned()) }
    })
    .await;
    scene.listens().await;
    scene.world.kill(Service::Client).await;
    scene.world.restart(Service::Client).await;
    scene.holder.go(GIVE_UP).await.unwrap();
    // By the stream that it opens again, some seconds after the old one broke.
    scene.watcher.shows(&row).await.unwrap();
    scene.watcher.leaves_after_trouble();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_an_order_learns_that_it_was_paid_in_another_tab() {
    let scene = Scene::set().await;
    let ticket = scene.seller.sell("A seat", "20").await;
    let order = scene.holder.buy(&ticket).await;
    let other = scene.holder.tab_at(&format!("/orders/{order}")).await;
    scene.holder.pay().await;
    other.shows("[data-state=complete]").await.unwrap();
    assert_eq!(other.complaints(), []);
    scene.holder.leaves();
}
