//! The whole story, by forms and links alone.

use crate::world::World;

#[tokio::test]
async fn a_ticket_is_sold_bought_and_paid_without_javascript() {
    let world = World::new().await;
    let (mut seller, mut buyer) = (world.member().await, world.visitor());
    let ticket = seller.sell("Patti Smith, Stadthalle, row 7", "49,50").await;
    seller.get(&ticket).await.shows("It is yours, and for sale.");

    let window = buyer.sees("/?search=patti+smith", &format!("href=\"{ticket}\"")).await;
    window.shows("Patti Smith, Stadthalle, row 7$49.50Free");
    // Whoever is not signed in signs up on the way, and comes back.
    let shown = buyer.get(&ticket).await;
    let sign_in = format!("/auth/signin?next={}", ticket.replace('/', "%2F"));
    assert!(
        shown.html.contains(&format!("href=\"{sign_in}\"")) && !shown.has_form(&ticket),
        "{}",
        shown.html
    );
    let sign_in = buyer.get(&sign_in).await;
    let sign_up = format!("/auth/signup?next={}", ticket.replace('/', "%2F"));
    assert!(sign_in.html.contains(&sign_up));
    let email = buyer.email.clone();
    let signed_up = buyer.fill(&sign_up, &[("email", &email), ("password", "correct horse")]).await;
    assert_eq!(signed_up.leads_to(), ticket);

    let order = buyer.buy(&ticket).await;
    let shown = buyer.get(&order).await;
    shown.shows("Time left to pay 14:5");
    shown.shows("$49.50");
    assert!(shown.html.contains("data-state=\"created\""));
    buyer.get("/orders").await.shows("To pay 1");
    seller.sees("/sales", "Ordered or sold").await.shows("Patti Smith");
    assert!(
        !world.visitor().get("/?search=patti+smith").await.html.contains(&ticket),
        "a held ticket is not for sale"
    );

    let pay = format!("{order}/pay");
    let page = buyer.submit(&shown, &pay, &[]).await;
    let hosted = page.leads_to().to_owned();
    assert!(hosted.contains("/pay/"), "{hosted}");
    let card = [("number", "4242 4242 4242 4242"), ("expiry", "12 / 44"), ("cvc", "123")];
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(card);
    let client =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let paid = client.post(&hosted).body(body.finish()).send().await.unwrap();
    let back = paid.headers()["location"].to_str().unwrap();
    assert!(back.ends_with(&format!("{order}?payment=done")), "{back}");
    let seen = buyer.get(&format!("{order}?payment=done")).await.text();
    assert!(seen.contains("We are confirming your payment.") || seen.contains("Paid."), "{seen}");

    buyer.sees(&order, "data-state=\"complete\"").await.shows("Paid. The ticket is yours.");
    buyer.sees(&order, "data-payment=\"captured\"").await.shows("Your money was taken.");
    buyer.get("/orders").await.shows("Paid 1");
    buyer.get(&ticket).await.shows("You have ordered this ticket.");
}

#[tokio::test]
async fn an_order_that_is_given_up_frees_its_ticket() {
    let world = World::new().await;
    let (mut seller, mut buyer, mut other) =
        (world.member().await, world.member().await, world.member().await);
    let ticket = seller.sell("Late show", "20").await;
    let order = buyer.buy(&ticket).await;
    let held = other.sees(&ticket, "data-state=\"taken\"").await;
    held.shows("Somebody else has it.");
    assert!(!held.has_form(&ticket));
    seller.get(&ticket).await.shows("can’t be changed while somebody has it");

    let shown = buyer.get(&order).await;
    let cancel = format!("{order}/cancel");
    assert_eq!(buyer.submit(&shown, &cancel, &[]).await.leads_to(), order);
    let over = buyer.get(&order).await;
    over.shows("This order is cancelled");
    assert!(!over.has_form(&cancel) && !over.has_form(&format!("{order}/pay")));
    buyer.get("/orders").await.shows("Cancelled 1");
    other.sees(&ticket, "data-state=\"free\"").await.shows("It is free.");
    // The same click again, from a tab that was left open.
    assert_eq!(buyer.submit(&shown, &cancel, &[]).await.leads_to(), order);
    other.buy(&ticket).await;
}

#[tokio::test]
async fn a_double_click_and_a_second_tab_buy_once() {
    let world = World::new().await;
    let (mut seller, mut buyer) = (world.member().await, world.member().await);
    let ticket = seller.sell("Once only", "20").await;
    let tab = buyer.get(&ticket).await;
    let order = buyer.buy(&ticket).await;
    assert_eq!(buyer.submit(&tab, &ticket, &[]).await.leads_to(), order);
    buyer.sees(&ticket, "You have ordered this ticket.").await;
    buyer.get("/orders").await.shows("To pay 1");
    // Going to the address of a form shows the order.
    assert_eq!(buyer.get(&format!("{order}/pay")).await.leads_to(), order);
}

#[tokio::test]
async fn a_ticket_that_somebody_was_faster_to_buy_is_told_so() {
    let world = World::new().await;
    let (mut seller, mut fast, mut slow) = (world.member().await, world.member().await, world.member().await);
    let ticket = seller.sell("One seat", "20").await;
    let open = slow.get(&ticket).await;
    fast.buy(&ticket).await;
    let answer = slow.submit(&open, &ticket, &[]).await;
    assert_eq!(answer.status, 409);
    answer.shows("Ticket is already reserved");
}
