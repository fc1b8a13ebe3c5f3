//! Acts on many: counted first, confirmed with that count, and done to those that were counted.

use common::Service;

use super::{acts::expires, scene::Scene};

#[tokio::test(flavor = "multi_thread")]
async fn timers_named_in_a_file_are_counted_confirmed_by_their_count_and_moved() {
    let scene = Scene::set().await;
    let desk = scene.operator().await;
    scene.scheduled(&desk).await;
    let before = expires(&desk).await;
    desk.visit("/schedule").await;
    let choose = format!(
        "(() => {{ const chosen = new DataTransfer(); chosen.items.add(new File(['{}\\n{}\\n'], 'ids.txt')); \
         const field = document.querySelector('#ids-file'); field.files = chosen.files; \
         field.dispatchEvent(new Event('change')); }})()",
        scene.order, scene.cancelled
    );
    desk.evaluate(&choose).await.unwrap();
    desk.until(&format!("document.querySelector('#plan-ids').value.includes('{}')", scene.order))
        .await
        .unwrap();
    desk.send("plan", &[("byMs", "10m"), ("note", "an outage")]).await;
    desk.sees("nothing is done yet").await.unwrap();
    desk.shows(&format!(".samples a[href='/orders/{}']", scene.order)).await.unwrap();
    let count = "[...document.querySelectorAll('dt')].find(dt => dt.textContent === 'How many')\
                 .nextElementSibling.textContent.split(',')[0]";
    let count = desk.read(count).await.unwrap();
    let count = count.as_str().unwrap();
    // One more than there are: nothing is done, and it can still be confirmed.
    let wrong = (count.parse::<u64>().unwrap() + 1).to_string();
    desk.send("confirm", &[("count", &wrong)]).await;
    desk.shows(".notice.bad").await.unwrap();
    desk.shows("#form-confirm").await.unwrap();
    desk.send("confirm", &[("count", count)]).await;
    desk.shows("[data-state=done]").await.unwrap();
    desk.visit(&format!("/orders/{}", scene.order)).await;
    assert!(expires(&desk).await > before);
    desk.visit("/audit?text=an+outage").await;
    desk.sees("confirmOperation").await.unwrap();
    desk.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_runs_is_followed_by_its_page_until_it_is_over() {
    let scene = Scene::set().await;
    let desk = scene.operator().await;
    scene.scheduled(&desk).await;
    desk.visit("/schedule").await;
    desk.send("plan", &[("ids", &scene.order), ("byMs", "10m")]).await;
    // It does not answer, so there is time to look.
    let orders = &scene.world.platform.services(Service::Orders)[0];
    orders.pause().unwrap();
    desk.forget();
    desk.send("confirm", &[("count", "1")]).await;
    desk.shows("[data-state=running] progress").await.unwrap();
    assert_eq!(desk.axe().await.unwrap(), []);
    desk.shows("#form-abort").await.unwrap();
    orders.resume().unwrap();
    desk.shows("[data-state=done]").await.unwrap();
    desk.shows_no("#form-abort").await.unwrap();
    desk.leaves();
}
