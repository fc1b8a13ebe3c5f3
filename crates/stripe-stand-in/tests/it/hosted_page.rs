//! The hosted page, as a browser without JavaScript uses it.

use reqwest::Response;
use serde_json::{Value, json};

use crate::{
    sessions::SESSIONS,
    shop::{Shop, encoded, id},
};

const GOOD: &str = "4242 4242 4242 4242";
const DECLINED: &str = "4000000000000002";

/// A buyer in front of the page of one session.
struct Buyer<'a> {
    shop: &'a Shop,
    session: String,
}

impl<'a> Buyer<'a> {
    async fn at(shop: &'a Shop) -> Self {
        Self { shop, session: id(&shop.session(&[]).await.ok()) }
    }

    fn url(&self) -> String {
        format!("{}/pay/{}", self.shop.stripe.url(), self.session)
    }

    async fn look(&self) -> (u16, String) {
        read(self.shop.client.get(self.url()).send().await.unwrap()).await
    }

    async fn pay(&self, number: &str) -> Response {
        self.fill(number, "12 / 34", "123").await
    }

    async fn fill(&self, number: &str, expiry: &str, cvc: &str) -> Response {
        let form = [("number", number), ("expiry", expiry), ("cvc", cvc), ("name", "Ada Lovelace")];
        self.post(&self.url(), &form).await
    }

    async fn post(&self, url: &str, form: &[(&str, &str)]) -> Response {
        let request = self.shop.client.post(url);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body(encoded(form)).send().await.unwrap()
    }

    /// Answers the bank's question on the page that this response leads to.
    async fn answer(&self, response: &Response, result: &str) -> Response {
        let page = format!("{}{}", self.shop.stripe.url(), location(response));
        let (status, html) = read(self.shop.client.get(&page).send().await.unwrap()).await;
        assert_eq!(status, 200);
        assert!(html.contains("20.00 USD") && html.contains("value=\"complete\""), "{html}");
        self.post(&page, &[("result", result)]).await
    }

    async fn session(&self) -> Value {
        self.shop.get(&format!("{SESSIONS}/{}", self.session), &[]).await.ok()
    }

    fn success_url(&self) -> String {
        format!("http://shop.example/orders/o1?payment=done&session={}", self.session)
    }
}

async fn read(response: Response) -> (u16, String) {
    (response.status().as_u16(), response.text().await.unwrap())
}

fn location(response: &Response) -> &str {
    assert_eq!(response.status(), 303);
    response.headers()["location"].to_str().unwrap()
}

#[tokio::test]
async fn the_page_shows_what_is_sold_and_a_way_back() {
    let shop = Shop::open().await;
    let buyer = Buyer::at(&shop).await;
    let (status, html) = buyer.look().await;
    assert_eq!(status, 200);
    for part in [
        "Ticket &lt;Hamlet&gt; × 2",
        "<strong>20.00 USD</strong>",
        "name=\"number\"",
        "href=\"http://shop.example/orders/o1?payment=back\"",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    assert!(!html.contains("<script"));
}

#[tokio::test]
async fn a_good_card_completes_the_session_and_leads_back_to_the_shop() {
    let shop = Shop::open().await;
    let buyer = Buyer::at(&shop).await;
    let answer = buyer.pay(GOOD).await;
    assert_eq!(location(&answer), buyer.success_url());
    let session = buyer.session().await;
    assert_eq!((&session["status"], &session["payment_status"]), (&json!("complete"), &json!("unpaid")));
    assert_eq!(session["customer_details"]["name"], "Ada Lovelace");
    assert!(session["url"].is_null());

    let intent = session["payment_intent"].as_str().unwrap();
    let held = shop.intent(intent).await;
    assert_eq!((&held["status"], &held["metadata"]["order"]), (&json!("requires_capture"), &json!("o1")));
    assert_eq!(shop.told(&[&buyer.session]), ["checkout.session.completed"]);
    assert_eq!(shop.stripe.open_authorisations()[0].session.as_ref(), Some(&buyer.session));

    shop.post(&format!("/v1/payment_intents/{intent}/capture"), &[]).await.ok();
    assert_eq!(buyer.session().await["payment_status"], "paid");
    let listed = shop.get(SESSIONS, &[("payment_intent", intent)]).await.ok();
    assert_eq!(listed["data"][0]["id"], buyer.session);
}

#[tokio::test]
async fn held_money_of_a_session_can_be_released() {
    let shop = Shop::open().await;
    let buyer = Buyer::at(&shop).await;
    buyer.pay(GOOD).await;
    let intent = buyer.session().await["payment_intent"].as_str().unwrap().to_owned();
    let canceled = shop.post(&format!("/v1/payment_intents/{intent}/cancel"), &[]).await.ok();
    assert_eq!(canceled["status"], "canceled");
    assert_eq!(shop.stripe.open_authorisations(), []);
}

#[tokio::test]
async fn a_declined_card_leaves_the_session_open_for_another() {
    let shop = Shop::open().await;
    let buyer = Buyer::at(&shop).await;
    let (status, html) = read(buyer.pay(DECLINED).await).await;
    assert_eq!(status, 402);
    assert!(html.contains("Your card was declined."), "{html}");
    let (_, html) = read(buyer.pay("4000000000009995").await).await;
    assert!(html.contains("Your card has insufficient funds."), "{html}");
    let session = buyer.session().await;
    assert_eq!(session["status"], "open");
    assert!(session["payment_intent"].is_null());

    let intent = shop.stripe.ledger()[0].intent.clone();
    let error = shop.post(&format!("/v1/payment_intents/{intent}/cancel"), &[]).await.error(400);
    assert!(error["message"].as_str().unwrap().contains("Expire the Checkout Session instead"));
    assert_eq!(location(&buyer.pay(GOOD).await), buyer.success_url());
    assert_eq!(shop.stripe.ledger().len(), 1);
}

#[tokio::test]
async fn a_card_that_can_not_be_read_is_not_charged() {
    let shop = Shop::open().await;
    let buyer = Buyer::at(&shop).await;
    for (number, expiry, cvc, message) in [
        ("", "12/34", "123", "Your card number is incomplete."),
        ("4242424242424241", "12/34", "123", "Your card number is invalid."),
        (GOOD, "", "123", "expiration date is incomplete."),
        (GOOD, "13/34", "123", "expiration date is invalid."),
        (GOOD, "12/20", "123", "expiration date is in the past."),
        (GOOD, "12/34", "12", "security code is incomplete."),
    ] {
        let (status, html) = read(buyer.fill(number, expiry, cvc).await).await;
        assert!(status == 400 || status == 402, "{status}");
        assert!(html.contains(message), "{message} in {html}");
        assert!(number.is_empty() || !html.contains(&format!("value=\"{number}\"")));
    }
    assert_eq!(shop.stripe.ledger(), []);
    let (status, html) = read(buyer.pay("4000056655665572").await).await;
    assert_eq!(status, 402);
    assert!(html.contains("used a non test card"), "{html}");
}

#[tokio::test]
async fn the_bank_is_asked_on_a_second_page() {
    let shop = Shop::open().await;
    for card in ["4000002500003155", "4000002760003184"] {
        let buyer = Buyer::at(&shop).await;
        let asked = buyer.pay(card).await;
        assert!(location(&asked).starts_with("/authenticate/pi_"));
        assert_eq!(buyer.session().await["status"], "open");

        let failed = buyer.answer(&asked, "fail").await;
        assert_eq!(location(&failed), format!("/pay/{}", buyer.session));
        let (_, html) = buyer.look().await;
        assert!(html.contains("has failed authentication"), "{html}");

        let asked = buyer.pay(card).await;
        let passed = buyer.answer(&asked, "complete").await;
        assert_eq!(location(&passed), buyer.success_url());
        assert_eq!(buyer.session().await["status"], "complete");
        let page = format!("{}{}", shop.stripe.url(), location(&asked));
        let again = buyer.post(&page, &[("result", "complete")]).await;
        assert_eq!(location(&again), format!("/pay/{}", buyer.session));
    }
    assert_eq!(shop.stripe.open_authorisations().len(), 2);
}

#[tokio::test]
async fn a_bank_may_decline_after_it_asked() {
    let shop = Shop::open().await;
    let buyer = Buyer::at(&shop).await;
    let asked = buyer.pay("4000008400001629").await;
    buyer.answer(&asked, "complete").await;
    assert!(buyer.look().await.1.contains("Your card was declined."));
}

#[tokio::test]
async fn an_expired_or_paid_session_says_so_and_takes_no_card() {
    let shop = Shop::open().await;
    let late = Buyer::at(&shop).await;
    late.pay(DECLINED).await;
    shop.stripe.expire_session(&late.session).unwrap();
    assert_eq!(shop.intent(&shop.stripe.ledger()[0].intent).await["status"], "canceled");
    let paid = Buyer::at(&shop).await;
    paid.pay(GOOD).await;
    for (buyer, text) in [(&late, "has expired"), (&paid, "has been paid already")] {
        for (status, html) in [buyer.look().await, read(buyer.pay(GOOD).await).await] {
            assert_eq!(status, 410);
            assert!(html.contains(text), "{html}");
        }
    }
    assert_eq!(shop.stripe.open_authorisations().len(), 1);
    assert_eq!(shop.post(&format!("{SESSIONS}/{}/expire", paid.session), &[]).await.status, 400);
}

#[tokio::test]
async fn a_session_that_expires_while_the_bank_asks_is_not_paid() {
    let shop = Shop::open().await;
    let buyer = Buyer::at(&shop).await;
    let asked = buyer.pay("4000002760003184").await;
    shop.stripe.expire_session(&buyer.session).unwrap();
    let page = format!("{}{}", shop.stripe.url(), location(&asked));
    let late = buyer.post(&page, &[("result", "complete")]).await;
    assert_eq!(location(&late), format!("/pay/{}", buyer.session));
    assert_eq!(buyer.session().await["status"], "expired");
    assert_eq!(shop.stripe.open_authorisations(), []);
}

#[tokio::test]
async fn a_test_can_pay_without_a_browser() {
    let shop = Shop::open().await;
    let buyer = Buyer::at(&shop).await;
    let declined = shop.stripe.pay(&buyer.session, DECLINED).unwrap_err();
    assert_eq!(declined.to_string(), "Your card was declined.");
    shop.stripe.pay(&buyer.session, "4000002760003184").unwrap();
    assert_eq!(buyer.session().await["status"], "complete");
    shop.stripe.pay(&buyer.session, GOOD).unwrap_err();
    assert_eq!(shop.stripe.open_authorisations().len(), 1);
}

#[tokio::test]
async fn an_unknown_page_is_not_found() {
    let shop = Shop::open().await;
    for path in ["/pay/cs_1", "/authenticate/pi_1"] {
        let url = format!("{}{path}", shop.stripe.url());
        assert_eq!(shop.client.get(&url).send().await.unwrap().status(), 404);
        let body = encoded(&[("number", GOOD), ("expiry", "12/34"), ("cvc", "123"), ("result", "complete")]);
        assert_eq!(shop.client.post(&url).body(body).send().await.unwrap().status(), 404);
    }
}

#[tokio::test]
async fn the_books_show_each_purchase_and_what_was_captured_and_is_held() {
    let shop = Shop::open().await;
    let books = async || read(shop.client.get(shop.stripe.url()).send().await.unwrap()).await;
    assert!(books().await.1.contains("Nothing has been paid yet"));
    let buyer = Buyer::at(&shop).await;
    assert_eq!(buyer.pay(GOOD).await.status(), 303);
    let entry = shop.stripe.ledger().pop().unwrap();
    let held = format!("held {}.{:02}", entry.amount / 100, entry.amount % 100);
    let (status, text) = books().await;
    assert!(status == 200 && text.contains(&entry.intent) && text.contains(&held), "{text}");
    shop.post(&format!("/v1/payment_intents/{}/capture", entry.intent), &[]).await.ok();
    let captured = held.replace("held", "captured");
    let (_, text) = books().await;
    assert!(text.contains(&captured) && text.contains("held 0.00"), "{text}");
}
