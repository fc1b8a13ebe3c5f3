//! Posts that another site sends, and forms that have grown old.

use crate::{visitor::PASSWORD, world::World};

#[tokio::test]
async fn a_post_of_another_site_does_nothing_and_says_what_to_do() {
    let world = World::new().await;
    let mut member = world.member().await;
    let page = member.get("/tickets/new").await;
    for site in ["cross-site", "same-site"] {
        member.headers = vec![("sec-fetch-site", site.to_owned())];
        let answer = member.submit(&page, "/tickets/new", &[("title", "Forged"), ("price", "1")]).await;
        assert_eq!(answer.status, 403);
        answer.shows("Another web site has sent this form in your name. Nothing was done.");
        assert!(!answer.html.contains("Forged"));
    }
    // Browsers may leave the session out: nobody is sent to sign in by another site.
    let mut stranger = world.visitor();
    stranger.headers = vec![("sec-fetch-site", "cross-site".to_owned())];
    for path in ["/orders/65b0a3f0c1d2e3f405162738/cancel", "/tickets/new", "/auth/signout", "/nowhere"] {
        let answer = stranger.post(path, &[]).await;
        assert_eq!(answer.status, 403, "{path}");
        answer.shows("Nothing was done.");
    }
    member.headers = vec![("sec-fetch-site", "same-origin".to_owned())];
    let answer = member.submit(&page, "/tickets/new", &[("title", "Mine"), ("price", "1")]).await;
    assert!(answer.leads_to().starts_with("/tickets/"));
    assert!(!member.get("/sales").await.html.contains("Forged"));
}

#[tokio::test]
async fn every_form_without_its_token_does_nothing_and_keeps_what_was_typed() {
    let world = World::new().await;
    let (mut seller, mut buyer) = (world.member().await, world.member().await);
    let ticket = seller.sell("A seat", "20").await;
    let order = buyer.buy(&ticket).await;
    let second = seller.sell("Another seat", "20").await;

    let answer = seller.post("/tickets/new", &[("title", "Kept"), ("price", "9.5")]).await;
    assert_eq!(answer.status, 403);
    assert!(answer.html.contains(r#"value="Kept""#) && answer.html.contains(r#"value="9.5""#));
    // The form that comes back is a good one.
    let again = seller.submit(&answer, "/tickets/new", &[("title", "Kept"), ("price", "9.5")]).await;
    assert!(again.leads_to().starts_with("/tickets/"));

    for path in [format!("{order}/pay"), format!("{order}/cancel"), second.clone()] {
        let answer = buyer.post(&path, &[]).await;
        assert_eq!(answer.status, 403, "{path}");
        answer.shows("Please send it again.");
        assert!(answer.has_form(&path), "{path}: {}", answer.html);
    }
    assert!(buyer.get(&order).await.html.contains("data-state=\"created\""));
    assert_eq!(buyer.post("/auth/signout", &[]).await.status, 403);
    buyer.get("/").await.shows("Signed in as");
    let mut stranger = world.visitor();
    let email = buyer.email.clone();
    let answer = stranger.post("/auth/signin", &[("email", &email), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 403);
    assert!(answer.html.contains(&format!("value=\"{email}\"")) && !answer.html.contains(PASSWORD));
    assert!(!stranger.cookies.contains_key("session"));
}

#[tokio::test]
async fn a_token_of_one_browser_is_worth_nothing_in_another() {
    let world = World::new().await;
    let (mut attacker, mut member) = (world.member().await, world.member().await);
    let token = attacker.get("/tickets/new").await.form("/tickets/new").hidden[0].1.clone();
    member.get("/tickets/new").await;
    let fields = [("token", token.as_str()), ("title", "Forged"), ("price", "1")];
    assert_eq!(member.post("/tickets/new", &fields).await.status, 403);
}

#[tokio::test]
async fn what_is_no_form_or_too_long_is_told_so() {
    let world = World::new().await;
    let mut member = world.member().await;
    let long = "x".repeat(20_000);
    let answer = member.fill("/tickets/new", &[("title", &long), ("price", "1")]).await;
    assert_eq!(answer.status, 413);
    answer.shows("too long");
    member.headers = vec![("content-type", "text/plain".to_owned())];
    let answer = member.post("/tickets/new", &[]).await;
    assert_eq!(answer.status, 415);
}
