//! What operators do: with the keyboard alone, and without JavaScript.

use platform::OPERATOR_TOKEN;
use testkit::browser::Key;

use super::{desk::Desk, scene::Scene};
use crate::keyboard::{enter, focus_is_seen};

/// When the order expires, as its page says.
pub(super) async fn expires(desk: &Desk) -> String {
    let at = "[...document.querySelectorAll('dt')].find(dt => dt.textContent === 'Expires if unpaid')\
              .nextElementSibling.querySelector('time').dateTime";
    desk.read(at).await.unwrap().as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_javascript_everything_is_read_and_every_single_act_is_done() {
    let scene = Scene::set().await;
    let desk = Desk::signed_in(&scene.world, OPERATOR_TOKEN, false).await;
    desk.shows_no("#switch").await.unwrap();
    let letter = scene.letter(&desk).await;
    scene.owed(&desk).await;
    scene.scheduled(&desk).await;
    for path in
        ["/", "/schedule", "/dead-letters", &letter, "/payments", "/consumers", "/operations", "/audit"]
    {
        desk.visit(path).await;
        desk.shows("h1").await.unwrap();
    }
    // An order is found by its id, and given more time.
    desk.visit("/").await;
    desk.fill("#find", &scene.order).await.unwrap();
    desk.go(".find button").await.unwrap();
    let before = expires(&desk).await;
    desk.send("move", &[("byMs", "10m"), ("note", "the buyer called")]).await;
    desk.shows("[role=status]").await.unwrap();
    let after = expires(&desk).await;
    assert!(after > before, "{before} {after}");
    desk.sees("the buyer called").await.unwrap();
    desk.reload().await.unwrap();
    assert_eq!(desk.count(".notice.done").await.unwrap(), 0, "it is said once");
    assert_eq!(expires(&desk).await, after, "a reload sends nothing again");
    // Earlier is refused at the field, and what was typed is still there.
    desk.send("move", &[("byMs", "-5m")]).await;
    desk.shows("#move-byMs-error, .notice.bad").await.unwrap();
    assert_eq!(desk.property("#move-byMs", "value").await.unwrap(), "-5m");
    desk.send("fire", &[("note", "a test")]).await;
    desk.sees("cancelled").await.unwrap();
    assert_eq!(desk.count("#form-fire").await.unwrap(), 0, "it is over");
    desk.visit("/payments").await;
    desk.send(&format!("settle-{}", scene.payment), &[("note", "paid back by hand")]).await;
    desk.sees("Nothing is owed.").await.unwrap();
    desk.visit("/schedule").await;
    desk.send("pause", &[("forMs", "10m")]).await;
    desk.shows("#paused").await.unwrap();
    desk.send("resume", &[]).await;
    desk.shows_no("#paused").await.unwrap();
    desk.visit(&letter).await;
    desk.send("discard", &[("note", "it was ours")]).await;
    desk.visit("/audit").await;
    for action in
        ["moveTimer", "fireTimer", "settlePayment", "pauseSchedule", "resumeSchedule", "discardDeadLetter"]
    {
        desk.sees(action).await.unwrap();
    }
    desk.go("form.who button").await.unwrap();
    desk.visit("/schedule").await;
    assert_eq!(desk.path().await, "/signin", "signed out");
    desk.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_is_mended_is_replayed_and_an_operation_runs_without_javascript() {
    let scene = Scene::set().await;
    let desk = Desk::signed_in(&scene.world, OPERATOR_TOKEN, false).await;
    let letter = scene.letter(&desk).await;
    desk.visit("/dead-letters").await;
    desk.send("replay-all", &[]).await;
    desk.sees("Type the count to confirm").await.unwrap();
    desk.send("confirm", &[("count", "2")]).await;
    desk.shows(".notice.bad").await.unwrap();
    desk.send("abort", &[]).await;
    desk.visit(&letter).await;
    desk.send("edit", &[("body", "{\"id\": 7}")]).await;
    desk.shows("#edit-body-error").await.unwrap();
    let body = format!(r#"{{"id":"{}","orderId":"{}","stripeId":"pi_2"}}"#, "a".repeat(24), scene.order);
    desk.send("edit", &[("body", &body)]).await;
    desk.shows(".notice.done").await.unwrap();
    testkit::eventually("the payment that was mended completes the order", crate::world::LONG, async || {
        desk.visit(&format!("/orders/{}", scene.order)).await;
        let text = desk.text("main").await.unwrap();
        if text.contains("complete") { Ok(()) } else { Err(text) }
    })
    .await;
    desk.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_found_and_moved_with_the_keyboard_alone() {
    let scene = Scene::set().await;
    let desk = Desk::new(&scene.world, true).await;
    desk.visit("/").await;
    desk.tab_to("#signin-key", 6).await.unwrap();
    desk.write(OPERATOR_TOKEN).await.unwrap();
    enter(&desk).await;
    scene.scheduled(&desk).await;
    desk.visit("/").await;
    // The skip link is first.
    desk.press(Key::Tab).await.unwrap();
    focus_is_seen(&desk).await;
    desk.tab_to("#find", 6).await.unwrap();
    focus_is_seen(&desk).await;
    desk.write(&scene.order).await.unwrap();
    enter(&desk).await;
    let before = expires(&desk).await;
    desk.tab_to("details:has(#form-move) > summary", 40).await.unwrap();
    focus_is_seen(&desk).await;
    desk.press(Key::Enter).await.unwrap();
    desk.tab_to("#move-byMs", 4).await.unwrap();
    desk.write("10m").await.unwrap();
    enter(&desk).await;
    desk.shows(".notice.done").await.unwrap();
    assert!(expires(&desk).await > before);
    // The switch of what is live, by its key.
    desk.visit("/").await;
    desk.tab_to("#switch", 40).await.unwrap();
    focus_is_seen(&desk).await;
    desk.press(Key::Space).await.unwrap();
    desk.shows("#switch[aria-pressed=false]").await.unwrap();
    desk.leaves();
}
