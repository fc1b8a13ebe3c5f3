//! Every page of the console in every state is for everybody: axe-core finds nothing, light or dark, nothing sticks out of a
//! telephone, and no text of other people is taken for markup.

use common::Service;
use platform::{OPERATOR_TOKEN, Platform, VIEWER_TOKEN};
use testkit::eventually;

use super::{
    desk::Desk,
    scene::{MARKUP, Scene},
};
use crate::{
    everybody::look,
    world::{LONG, World},
};

/// Opens every form, and looks at the page.
async fn look_at(desk: &Desk, path: &str, what: &str, found: &mut Vec<String>) {
    desk.visit(path).await;
    see(desk, what, found).await;
}

async fn see(desk: &Desk, what: &str, found: &mut Vec<String>) {
    desk.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        .await
        .unwrap();
    look(desk, what, found).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_console_is_for_everybody_and_no_text_is_markup() {
    let scene = Scene::set().await;
    let (mut found, stranger) = (Vec::new(), Desk::new(&scene.world, true).await);
    look_at(&stranger, "/schedule", "signing in", &mut found).await;
    stranger.send("signin", &[("key", "nobody's")]).await;
    see_trouble(&stranger, "signing in with a wrong token", &mut found).await;
    let desk = scene.operator().await;
    let letter = scene.letter(&desk).await;
    scene.owed(&desk).await;
    scene.scheduled(&desk).await;
    desk.forget();
    see(&desk, "an order to pay", &mut found).await;
    desk.send("move", &[("byMs", "soon")]).await;
    see_trouble(&desk, "a move to nowhere", &mut found).await;
    desk.send("move", &[("byMs", "10m"), ("note", MARKUP)]).await;
    see(&desk, "an order that was moved", &mut found).await;
    let cancelled = format!("/orders/{}", scene.cancelled);
    for (path, what) in [
        ("/", "the overview"),
        ("/schedule", "the schedule"),
        ("/schedule?from=then", "the schedule with a wrong filter"),
        ("/dead-letters", "dead letters"),
        ("/dead-letters/list", "a list of dead letters"),
        (letter.as_str(), "a dead letter"),
        ("/payments", "payments owed"),
        ("/consumers", "consumers"),
        ("/operations", "no operations"),
        ("/audit", "the audit"),
        (cancelled.as_str(), "an order that was given up"),
    ] {
        look_at(&desk, path, what, &mut found).await;
    }
    desk.visit(&letter).await;
    desk.send("edit", &[("body", "{\"id\": 7}")]).await;
    see_trouble(&desk, "a dead letter with a wrong body", &mut found).await;
    desk.visit("/nowhere").await;
    see_trouble(&desk, "nothing there", &mut found).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_state_of_a_pause_and_of_an_operation_is_for_everybody() {
    let scene = Scene::set().await;
    let (mut found, desk) = (Vec::new(), scene.operator().await);
    scene.letter(&desk).await;
    desk.visit("/schedule").await;
    desk.send("pause", &[("forMs", "ten")]).await;
    see_trouble(&desk, "a pause of a wrong length", &mut found).await;
    desk.send("pause", &[("forMs", "10m"), ("rate", "100")]).await;
    desk.shows("#paused").await.unwrap();
    see(&desk, "a paused schedule", &mut found).await;
    desk.visit("/dead-letters").await;
    desk.send("replay-all", &[("note", MARKUP)]).await;
    see(&desk, "an operation that is planned", &mut found).await;
    desk.send("confirm", &[("count", "12345")]).await;
    see_trouble(&desk, "a wrong count", &mut found).await;
    desk.send("confirm", &[("count", "1")]).await;
    desk.shows("[data-state=done]").await.unwrap();
    see(&desk, "an operation that is done", &mut found).await;
    look_at(&desk, "/operations", "operations", &mut found).await;
    let viewer = Desk::signed_in(&scene.world, VIEWER_TOKEN, true).await;
    for path in ["/", "/schedule", "/dead-letters", "/payments", &format!("/orders/{}", scene.order)] {
        look_at(&viewer, path, &format!("{path} for a viewer"), &mut found).await;
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_may_not_act_and_one_whose_services_are_away_say_so_on_every_page() {
    let world = World::of(Platform::builder().window(LONG).env("READ_ONLY", "true")).await;
    let ticket = world.signed_in("seller").await.sell("A seat", "20").await;
    let order = format!("/orders/{}", world.signed_in("buyer").await.buy(&ticket).await);
    let (mut found, desk) = (Vec::new(), Desk::signed_in(&world, OPERATOR_TOKEN, true).await);
    for path in ["/", "/schedule", "/dead-letters", "/payments", &order] {
        desk.visit(path).await;
        desk.sees("Read-only").await.unwrap();
        assert_eq!(desk.count("main form[method=post]").await.unwrap(), 0, "{path}");
    }
    see(&desk, "an order that may only be read", &mut found).await;
    for service in [Service::Expiration, Service::Orders] {
        world.kill(service).await;
    }
    eventually("the overview says no", LONG, async || {
        desk.visit("/").await;
        let text = desk.text("#verdict").await.unwrap();
        if text.starts_with("No: ") { Ok(()) } else { Err(text) }
    })
    .await;
    see(&desk, "an overview that says no", &mut found).await;
    for path in ["/schedule", "/payments"] {
        desk.visit(path).await;
        desk.sees("Not available").await.unwrap();
        see_trouble(&desk, &format!("{path} without services"), &mut found).await;
    }
    desk.visit(&order).await;
    see_trouble(&desk, "an order without services", &mut found).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The same where the answer says that something was not taken, which stands in the browser's log too.
async fn see_trouble(desk: &Desk, what: &str, found: &mut Vec<String>) {
    let mut all = Vec::new();
    see(desk, what, &mut all).await;
    found.extend(all.into_iter().filter(|text| !text.contains("is missing")));
}
