//! Prices in the visitor's form.

use crate::world::{Setup, World};

async fn price(world: &World, ticket: &str, language: &str) -> String {
    let mut visitor = world.visitor();
    visitor.headers = vec![("accept-language", language.to_owned())];
    let page = visitor.get(ticket).await;
    let price = page.html.split("<data class=\"price\" value=\"1234.5\">").nth(1).unwrap();
    price.split('<').next().unwrap().replace(['\u{a0}', '\u{202f}'], "_")
}

#[tokio::test]
async fn prices_are_written_as_the_browser_asks_and_in_the_currency_that_is_set() {
    let mut setup = Setup::real().await;
    setup.shop.currency = "eur".parse().unwrap();
    let world = setup.open().await;
    let ticket = world.member().await.sell("Expensive", "1234.50").await;
    for (language, expected) in
        [("en-US,en;q=0.5", "€1,234.50"), ("de-DE", "1.234,50_€"), ("fr", "1_234,50_€"), ("*", "€1,234.50")]
    {
        assert_eq!(price(&world, &ticket, language).await, expected, "{language}");
    }
}

#[tokio::test]
async fn times_name_their_zone_and_are_exact_for_the_script() {
    let world = World::new().await;
    let (mut seller, mut buyer) = (world.member().await, world.member().await);
    let ticket = seller.sell("Timed", "20").await;
    let order = buyer.buy(&ticket).await;
    let page = buyer.get(&order).await;
    let time = page.html.split("Kept for you until <time datetime=\"").nth(1).unwrap();
    let (exact, rest) = time.split_once("\" data-local>").unwrap();
    assert!(exact.ends_with('Z') && exact.len() == "2026-01-31T12:00:00.000Z".len(), "{exact}");
    assert!(rest.split('<').next().unwrap().ends_with(" UTC"), "{rest}");
}
