//! Each service away in turn: a page that says what to do, and everything else still there.

use crate::{stand_in::StandIn, visitor::Visitor, world::Setup};

async fn member(stand_in: &StandIn) -> Visitor {
    let mut member = Setup::of(&stand_in.url()).open().await.visitor();
    member.cookies.insert("session".to_owned(), "x".to_owned());
    member
}

#[tokio::test]
async fn without_auth_tickets_are_shown_and_signing_in_asks_for_patience_and_keeps_what_was_typed() {
    let stand_in = StandIn::new().await;
    let mut member = member(&stand_in).await;
    stand_in.set_away(&["auth"]);
    let window = member.get("/").await;
    assert_eq!(window.status, 200);
    window.shows("Accounts can’t be reached at the moment.");
    assert_eq!(member.get("/tickets/t1").await.status, 200);
    assert_eq!(member.get("/orders").await.status, 200);
    let sales = member.get("/sales").await;
    assert_eq!(sales.status, 503);
    sales.shows("Accounts can’t be reached at the moment");
    let answer = member.fill("/auth/signin", &[("email", "a@example.com"), ("password", "secret")]).await;
    assert_eq!(answer.status, 503);
    answer.shows("not available at the moment");
    assert!(answer.html.contains(r#"value="a@example.com""#));
}

#[tokio::test]
async fn without_tickets_the_page_says_so_and_a_draft_is_not_lost() {
    let stand_in = StandIn::new().await;
    let mut member = member(&stand_in).await;
    let form = member.get("/tickets/new").await;
    stand_in.set_away(&["tickets"]);
    for path in ["/", "/tickets/t1", "/sales", "/tickets/t1/edit"] {
        let page = member.get(path).await;
        assert_eq!(page.status, 503, "{path}");
        page.shows("The list of tickets is not available at the moment.");
        assert_eq!(page.header("retry-after"), "5");
        assert!(
            page.html.contains(&format!("<a class=\"button\" href=\"{path}\">Try again</a>")),
            "{}",
            page.html
        );
    }
    let answer = member.submit(&form, "/tickets/new", &[("title", "Kept"), ("price", "9")]).await;
    assert_eq!(answer.status, 503);
    assert!(answer.html.contains(r#"value="Kept""#));
    assert_eq!(member.get("/orders").await.status, 200);
}

#[tokio::test]
async fn without_orders_the_window_stays_open_and_buying_asks_for_patience() {
    let stand_in = StandIn::new().await;
    let mut member = member(&stand_in).await;
    let ticket = member.get("/tickets/t1").await;
    stand_in.set_away(&["orders"]);
    assert_eq!(member.get("/").await.status, 200);
    assert_eq!(member.get("/orders").await.status, 503);
    assert_eq!(member.get("/orders/o1").await.status, 503);
    let answer = member.submit(&ticket, "/tickets/t1", &[]).await;
    assert_eq!(answer.status, 503);
    answer.shows("Ordering is not available at the moment.");
}

#[tokio::test]
async fn with_nobody_there_at_all_every_page_answers() {
    let gone = testkit::free_port().unwrap();
    let mut visitor = Setup::of(&format!("http://127.0.0.1:{gone}")).open().await.visitor();
    visitor.cookies.insert("session".to_owned(), "x".to_owned());
    for (path, status) in
        [("/", 503), ("/orders", 503), ("/sales", 503), ("/auth/signin", 200), ("/nowhere", 404)]
    {
        let page = visitor.get(path).await;
        assert_eq!(page.status, status, "{path}");
        assert!(page.html.contains("</footer></body></html>"), "{path}");
    }
}
