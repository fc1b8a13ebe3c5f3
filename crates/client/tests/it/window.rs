//! The shop window: one question a second whatever the rush, and up while `tickets` is slow or away.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use testkit::eventually;

use crate::{stand_in::StandIn, world::Setup};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_rush_asks_for_the_list_once_and_not_once_a_visitor() {
    let stand_in = StandIn::new().await;
    let world = Setup::of(&stand_in.url()).open().await;
    let begun = Instant::now();
    let visits = (0..200).map(async |_| world.visitor().get("/").await.status);
    assert!(join_all(visits).await.into_iter().all(|status| status == 200));
    let most = 2 + begun.elapsed().as_secs() as usize * 2;
    assert!(stand_in.lists() <= most, "{} lists in {:?}", stand_in.lists(), begun.elapsed());
}

#[tokio::test]
async fn while_tickets_is_slow_or_away_the_window_shows_the_last_list_and_says_how_old_it_is() {
    let stand_in = StandIn::new().await;
    let world = Setup::of(&stand_in.url()).open().await;
    let mut visitor = world.visitor();
    visitor.get("/").await.shows("A seat");
    for hindrance in ["slow", "away"] {
        match hindrance {
            "slow" => stand_in.set_open(false),
            _ => stand_in.set_away(&["tickets"]),
        }
        let page = eventually("the list is an old one", SOON, async || {
            let begun = Instant::now();
            let page = visitor.get("/").await;
            assert_eq!(page.status, 200, "{hindrance}");
            assert!(begun.elapsed() < Duration::from_secs(2), "{hindrance}: {:?}", begun.elapsed());
            if page.html.contains("The list is from") { Ok(page) } else { Err(page.text()) }
        })
        .await;
        page.shows("A seat");
        page.shows("ago: what is free may have changed.");
        stand_in.set_open(true);
        stand_in.set_away(&[]);
        eventually("the list is a new one", SOON, async || {
            let page = visitor.get("/").await;
            if page.html.contains("The list is from") { Err(page.text()) } else { Ok(()) }
        })
        .await;
    }
}

#[tokio::test]
async fn who_comes_while_there_is_no_list_yet_waits_for_it() {
    let stand_in = StandIn::new().await;
    stand_in.set_open(false);
    let world = Setup::of(&stand_in.url()).open().await;
    let mut visitor = world.visitor();
    let visit = tokio::spawn(async move { visitor.get("/").await });
    eventually("tickets is asked", SOON, async || {
        if visit.is_finished() { Err("answered without a list".to_owned()) } else { Ok(()) }
    })
    .await;
    stand_in.set_open(true);
    let page = visit.await.unwrap();
    assert_eq!(page.status, 200);
    page.shows("A seat");
}
