//! The list of tickets: search, pages, what is taken, what is one's own.

use common::event::Id;

use crate::world::World;

#[tokio::test]
async fn a_search_finds_every_word_in_any_case_and_a_miss_says_so() {
    let world = World::new().await;
    let mut seller = world.member().await;
    let word = Id::generate();
    let ticket = seller.sell(&format!("Ärzte in Köln {word}"), "20").await;
    let found = seller.sees(&format!("/?search=k%C3%96LN+{word}"), &ticket).await;
    found.shows("Yours");
    let missed = seller.get(&format!("/?search={word}+Bonn")).await;
    assert!(!missed.html.contains(&ticket));
    missed.shows("Nothing fits");
}

#[tokio::test]
async fn a_long_list_has_pages_that_keep_the_search() {
    let world = World::new().await;
    let mut seller = world.member().await;
    let word = Id::generate();
    for seat in 1..=21 {
        seller.sell(&format!("{word} seat {seat}"), "20").await;
    }
    let first = seller.sees(&format!("/?search={word}"), "Page 1 of 2").await;
    assert_eq!(first.html.matches("<a class=\"ticket\" href=\"/tickets/").count(), 20);
    let next = format!("/?search={word}&amp;page=2");
    assert!(first.html.contains(&format!("rel=\"next\" href=\"{next}\"")), "{}", first.html);
    let second = seller.get(&next.replace("&amp;", "&")).await;
    second.shows("Page 2 of 2");
    // The newest come first.
    second.shows(&format!("{word} seat 1$"));
    // Behind the end is the end.
    for page in ["999", "0", "-1", "x", "99999999999999999999999"] {
        assert_eq!(seller.get(&format!("/?page={page}")).await.status, 200);
    }
}

#[tokio::test]
async fn a_taken_ticket_is_listed_only_where_it_is_asked_for() {
    let world = World::new().await;
    let (mut seller, mut buyer) = (world.member().await, world.member().await);
    let ticket = seller.sell("Soon taken", "20").await;
    buyer.buy(&ticket).await;
    buyer.sees(&ticket, "You have ordered this ticket.").await;
    let word = ticket.trim_start_matches("/tickets/");
    let all = buyer.sees("/?show=all&search=soon+taken", &format!("data-id=\"{word}\"")).await;
    assert!(all.html.contains(&format!("<a class=\"ticket taken\" href=\"{ticket}\"")), "{}", all.html);
    let free = buyer.get("/?search=soon+taken").await;
    assert!(!free.html.contains(&ticket));
}

#[tokio::test]
async fn a_page_names_the_moment_from_which_on_it_wants_to_be_told() {
    let world = World::new().await;
    let before = common::clock::now_ms();
    let page = world.visitor().get("/").await;
    let since =
        page.html.split("data-live=\"/live/tickets?since=").nth(1).unwrap().split('"').next().unwrap();
    let since: i64 = since.parse().unwrap();
    assert!((before - 2_000..=common::clock::now_ms()).contains(&since), "{since} and {before}");
    page.shows("This page is from");
    assert!(page.html.contains("<a href=\"/\">Reload</a>"));
}

#[tokio::test]
async fn a_slash_at_the_end_changes_nothing_and_what_is_not_there_is_told_with_a_way_on() {
    let world = World::new().await;
    let mut seller = world.member().await;
    let ticket = seller.sell("With a slash", "20").await;
    seller.get(&format!("{ticket}/")).await.shows("With a slash");
    for path in [
        "/nowhere",
        "/tickets/65b0a3f0c1d2e3f405162738",
        "/tickets/%3Cscript%3E",
        "/orders/a%20b",
        "/tickets/x/y/z",
    ] {
        let page = seller.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        page.shows("There is nothing at this address.");
        assert!(page.html.contains("<a class=\"button\" href=\"/\">See all tickets</a>"));
    }
}
