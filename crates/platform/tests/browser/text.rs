//! Titles that are none.

use crate::world::{LONG, World};

const SCRIPT: &str = "<script>alert('in')</script><img src=x onerror=alert(1)>";
const ARABIC: &str = "أم كلثوم، القاهرة، الصف الأول";

#[tokio::test(flavor = "multi_thread")]
async fn a_title_of_script_is_shown_as_it_was_typed_and_never_run() {
    let world = World::start(LONG).await;
    let seller = world.signed_in("seller").await;
    let watcher = world.customer().await;
    watcher.visit("/").await;
    let ticket = seller.sell(SCRIPT, "20").await;
    assert_eq!(seller.text("h1").await.unwrap(), SCRIPT);
    // In the row that a script made, in the list, in a search for it, in the order and in the title of the window.
    watcher.shows(&format!("#tickets li[data-id='{ticket}']")).await.unwrap();
    watcher.sees(SCRIPT).await.unwrap();
    watcher.visit(&format!("/?search={}", "%3Cscript%3E")).await;
    assert_eq!(watcher.property("#search", "value").await.unwrap(), "<script>");
    watcher.sees(SCRIPT).await.unwrap();
    let buyer = world.signed_in("buyer").await;
    buyer.buy(&ticket).await;
    assert_eq!(buyer.text("h1").await.unwrap(), SCRIPT);
    let title = buyer.read("document.title").await.unwrap();
    assert!(title.as_str().unwrap().contains(SCRIPT), "{title}");
    buyer.visit("/orders").await;
    buyer.sees(SCRIPT).await.unwrap();
    seller.visit("/sales").await;
    seller.sees(SCRIPT).await.unwrap();
    for page in [&seller, &watcher, &buyer] {
        assert_eq!(page.count("main img, main script").await.unwrap(), 0, "no element came of it");
    }
    seller.leaves();
    watcher.leaves();
    buyer.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn text_from_right_to_left_runs_from_right_to_left_and_nothing_around_it_does() {
    let world = World::start(LONG).await;
    let seller = world.signed_in("seller").await;
    let ticket = seller.sell(ARABIC, "20").await;
    let direction = async |selector: &str| {
        let style = format!("getComputedStyle(document.querySelector(\"{selector}\")).direction");
        seller.read(&style).await.unwrap().as_str().unwrap().to_owned()
    };
    assert_eq!(direction("h1").await, "rtl");
    assert_eq!(direction("main").await, "ltr");
    seller.visit("/").await;
    let row = format!("#tickets li[data-id='{ticket}']");
    assert_eq!(direction(&format!("{row} .title")).await, "rtl");
    assert_eq!(direction(&row).await, "ltr");
    assert_eq!(seller.text(&format!("{row} .title")).await.unwrap(), ARABIC);
    for width in [360, 1_280] {
        seller.size(width, 800).await.unwrap();
        assert_eq!(seller.overflow().await.unwrap(), 0, "at {width}");
    }
    seller.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_in_the_visitors_zone_and_prices_in_their_way_of_writing() {
    let world = World::start(LONG).await;
    let ticket = world.signed_in("seller").await.sell("A seat", "1234.5").await;
    let ada = world.customer().await;
    ada.visit("/").await;
    ada.lives("de-DE,de", "Asia/Tokyo").await.unwrap();
    ada.sign_up("ada").await;
    ada.buy(&ticket).await;
    let price = ada.text(".amount").await.unwrap();
    assert!(price.contains("1.234,50"), "{price}");
    let until = ada.text("time[data-local]").await.unwrap();
    assert!(until.contains("GMT+9") || until.contains("JST"), "{until}");
    let instant = ada.read("document.querySelector('time[data-local]').dateTime").await.unwrap();
    assert!(instant.as_str().unwrap().ends_with('Z'), "{instant}");
    ada.leaves();
}
