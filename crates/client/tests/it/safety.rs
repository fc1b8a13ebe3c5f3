//! What keeps a page and its visitor safe.

use crate::{
    stand_in::StandIn,
    visitor::Page,
    world::{Setup, World},
};

const SCRIPT: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

#[tokio::test]
async fn a_title_of_markup_is_text_on_every_page() {
    let world = World::new().await;
    let (mut seller, mut buyer) = (world.member().await, world.member().await);
    let ticket = seller.sell(SCRIPT, "20").await;
    let mut pages = vec![
        seller.get("/?search=onerror").await,
        seller.get(&ticket).await,
        seller.get(&format!("{ticket}/edit")).await,
        seller.get("/sales").await,
        seller.get("/?search=%3Cscript%3Ealert(1)%3C%2Fscript%3E%22").await,
    ];
    let order = buyer.buy(&ticket).await;
    pages.extend([
        buyer.get(&order).await,
        buyer.get("/orders").await,
        buyer.get("/?show=all&search=onerror").await,
    ]);
    for page in pages {
        assert_eq!(page.status, 200);
        assert!(page.html.contains("&lt;script&gt;alert(1)"), "{}", page.html);
        assert!(!page.html.contains("<script>") && !page.html.contains("<img"), "{}", page.html);
    }
}

#[tokio::test]
async fn text_from_right_to_left_stands_in_an_element_of_its_own_direction() {
    let world = World::new().await;
    let mut seller = world.member().await;
    let ticket = seller.sell("أم كلثوم، الصف 3", "20").await;
    let page = seller.get(&ticket).await;
    assert!(page.html.contains("<h1 dir=\"auto\">أم كلثوم، الصف 3</h1>"), "{}", page.html);
}

#[tokio::test]
async fn nothing_typed_leads_to_another_site_after_signing_in() {
    let world = World::new().await;
    let mut member = world.member().await;
    let email = member.email.clone();
    for next in [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
    ] {
        let encoded: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        // Who is signed in goes on at once.
        let answer = member.get(&format!("/auth/signin?next={encoded}")).await;
        let to = answer.leads_to();
        assert!(to.starts_with('/') && !to.starts_with("//") && !to.contains('\\'), "{next} led to {to}");
        let mut visitor = world.visitor();
        let page = visitor.get("/auth/signin").await;
        let token = page.form("/auth/signin").hidden[0].1.clone();
        let fields =
            [("token", token.as_str()), ("next", next), ("email", &email), ("password", "correct horse")];
        let answer = visitor.post("/auth/signin", &fields).await;
        let to = answer.leads_to();
        assert!(to.starts_with('/') && !to.starts_with("//") && !to.contains('\\'), "{next} led to {to}");
    }
}

fn assert_is_safe(page: &Page) {
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{policy}");
    for part in ["frame-ancestors 'none'", "base-uri 'none'", "form-action 'self' http"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
    assert!(page.header("permissions-policy").contains("camera=()"));
    assert!(!page.header("x-request-id").is_empty());
    // Nothing that the policy would stop.
    for inline in [" style=", " onclick=", "<style", "javascript:"] {
        assert!(!page.html.contains(inline), "{inline} in {}", page.html);
    }
}

#[tokio::test]
async fn every_page_carries_the_headers_that_keep_it_safe_and_nothing_inline() {
    let world = World::new().await;
    let (mut visitor, mut member) = (world.visitor(), world.member().await);
    for path in [
        "/",
        "/auth/signin",
        "/auth/signup",
        "/auth/signout",
        "/nowhere",
        "/tickets/none",
        "/robots.txt",
        "/favicon.svg",
    ] {
        assert_is_safe(&visitor.get(path).await);
    }
    for path in ["/", "/orders", "/sales", "/tickets/new", "/orders/none", "/auth/signout"] {
        assert_is_safe(&member.get(path).await);
    }
}

#[tokio::test]
async fn what_a_visitor_sees_is_kept_by_nobody_between() {
    let world = World::new().await;
    let (mut visitor, mut member) = (world.visitor(), world.member().await);
    assert_eq!(visitor.get("/").await.header("cache-control"), "private, no-cache");
    for path in ["/", "/orders", "/sales", "/tickets/new", "/nowhere"] {
        assert_eq!(member.get(path).await.header("cache-control"), "no-store", "{path}");
    }
    assert_eq!(visitor.get("/orders").await.header("cache-control"), "no-store", "a redirect");
}

#[tokio::test]
async fn the_form_leads_to_the_providers_page_only_where_the_policy_lets_it() {
    let stand_in = StandIn::new().await;
    stand_in.pay_at("https://pay.example/cs_1");
    let mut buyer = Setup::of(&stand_in.url()).open().await.visitor();
    buyer.cookies.insert("session".to_owned(), "x".to_owned());
    let page = buyer.get("/orders/o1").await;
    let answer = buyer.submit(&page, "/orders/o1/pay", &[]).await;
    assert_eq!(answer.status, 200);
    assert!(answer.html.contains("href=\"https://pay.example/cs_1\""), "{}", answer.html);
    stand_in.pay_at("https://checkout.stripe.com/c/pay/cs_1");
    assert_eq!(
        buyer.submit(&page, "/orders/o1/pay", &[]).await.leads_to(),
        "https://checkout.stripe.com/c/pay/cs_1"
    );
    stand_in.pay_at("javascript:alert(1)");
    let answer = buyer.submit(&page, "/orders/o1/pay", &[]).await;
    assert_eq!(answer.status, 502);
    assert!(!answer.html.contains("javascript"));
}
