//! Signing up, in and out, and sessions that end in between.

use crate::{visitor::PASSWORD, world::World};

#[tokio::test]
async fn errors_keep_the_address_and_never_the_password() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    let answer = visitor.fill("/auth/signup", &[("email", "no address"), ("password", "abc")]).await;
    assert_eq!(answer.status, 400);
    answer.shows("Email must be valid");
    let form = answer.form("/auth/signup").html;
    assert!(form.contains(r#"id="email-error""#) && form.contains(r#"id="password-error""#), "{form}");
    assert!(form.contains(r#"value="no address""#) && !answer.html.contains("abc"), "{form}");
    let answer =
        visitor.fill("/auth/signin", &[("email", "a@example.com"), ("password", "s3cret-typed")]).await;
    assert_eq!(answer.status, 400);
    answer.shows("Invalid credentials");
    assert!(!answer.html.contains("s3cret-typed"));
}

#[tokio::test]
async fn an_address_that_is_in_use_is_told_so() {
    let world = World::new().await;
    let member = world.member().await;
    let mut visitor = world.visitor();
    let answer = visitor.fill("/auth/signup", &[("email", &member.email), ("password", "another")]).await;
    assert_eq!(answer.status, 400);
    answer.shows("Email in use");
    assert!(!visitor.cookies.contains_key("session"));
}

#[tokio::test]
async fn a_form_to_sign_up_that_is_sent_twice_signs_in() {
    let world = World::new().await;
    let mut visitor = world.visitor();
    let (page, email) = (visitor.get("/auth/signup").await, visitor.email.clone());
    for _ in 0..2 {
        let typed = [("email", email.as_str()), ("password", PASSWORD)];
        assert_eq!(visitor.submit(&page, "/auth/signup", &typed).await.leads_to(), "/");
        // A double click throws the first answer away.
        visitor.cookies.remove("session").unwrap();
    }
}

#[tokio::test]
async fn who_signs_out_is_out_and_a_page_that_is_only_looked_at_signs_nobody_out() {
    let world = World::new().await;
    let mut member = world.member().await;
    let page = member.get("/auth/signout").await;
    member.get("/").await.shows(&format!("Signed in as {}", member.email));
    assert_eq!(member.submit(&page, "/auth/signout", &[]).await.leads_to(), "/");
    let window = member.get("/").await;
    window.shows("Sign in");
    assert!(!window.html.contains("Signed in as"));
    member.get("/auth/signout").await.shows("You are signed out.");
    let email = member.email.clone();
    let back = member.fill("/auth/signin?next=%2Forders", &[("email", &email), ("password", PASSWORD)]).await;
    assert_eq!(back.leads_to(), "/orders");
    assert_eq!(member.get("/auth/signin?next=%2Fsales").await.leads_to(), "/sales", "who is in goes on");
}

#[tokio::test]
async fn pages_of_ones_own_lead_through_signing_in_and_back() {
    let world = World::new().await;
    let mut stranger = world.visitor();
    for path in ["/orders", "/sales", "/tickets/new", "/orders/65b0a3f0c1d2e3f405162738"] {
        let expected = format!("/auth/signin?next={}", path.replace('/', "%2F"));
        assert_eq!(stranger.get(path).await.leads_to(), expected);
        // A session that nobody can open is as good as none.
        stranger.cookies.insert("session".to_owned(), "bm9uZQ==".to_owned());
        assert_eq!(stranger.get(path).await.leads_to(), expected);
        stranger.cookies.remove("session");
    }
}

#[tokio::test]
async fn a_session_that_ends_while_a_form_is_open_loses_nothing_that_was_typed() {
    let world = World::new().await;
    let mut seller = world.member().await;
    let form = seller.get("/tickets/new").await;
    let session = seller.cookies.remove("session").unwrap();
    let answer = seller.submit(&form, "/tickets/new", &[("title", "Typed & kept"), ("price", "7")]).await;
    let sign_in = answer.leads_to().to_owned();
    assert!(sign_in.starts_with("/auth/signin?next=%2Ftickets%2Fnew%3Ftitle%3DTyped"), "{sign_in}");
    let email = seller.email.clone();
    let page = seller.get(&sign_in).await;
    let back = seller.submit(&page, "/auth/signin", &[("email", &email), ("password", PASSWORD)]).await;
    let page = seller.get(back.leads_to()).await;
    assert!(page.html.contains(r#"value="Typed &amp; kept""#) && page.html.contains(r#"value="7""#));
    // And on the way to buy, one comes back to the ticket.
    let ticket = seller.sell("A seat", "5").await;
    let mut buyer = world.member().await;
    let open = buyer.get(&ticket).await;
    buyer.cookies.remove("session");
    let answer = buyer.submit(&open, &ticket, &[]).await;
    assert_eq!(answer.leads_to(), format!("/auth/signin?next={}", ticket.replace('/', "%2F")));
    assert!(!session.is_empty());
}

#[tokio::test]
async fn an_order_of_another_is_not_shown() {
    let world = World::new().await;
    let (mut seller, mut buyer, mut other) =
        (world.member().await, world.member().await, world.member().await);
    let ticket = seller.sell("Private title", "20").await;
    let order = buyer.buy(&ticket).await;
    let refused = other.get(&order).await;
    assert_eq!(refused.status, 403);
    assert!(!refused.html.contains("Private title"));
    let unknown = other.get("/orders/65b0a3f0c1d2e3f405162738").await;
    assert_eq!(unknown.status, 404);
}
