//! The keyboard alone.

use platform::Shopper;
use testkit::browser::{Key, Page};

use crate::world::{LONG, World};

/// From `/` to paid, without the letters and digits that are typed into fields.
const FEWEST: u32 = 40;

pub(crate) async fn enter(customer: &Page) {
    customer.follow(async || customer.press(Key::Enter).await).await.unwrap();
}

/// Everything that gets the focus shows that it has it.
pub(crate) async fn focus_is_seen(customer: &Page) {
    let outline = "(s => s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2 || s.boxShadow !== 'none')\
                   (getComputedStyle(document.activeElement))";
    assert_eq!(customer.read(outline).await.unwrap(), true, "{}", customer.focus().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_bought_and_paid_with_few_keys_and_no_mouse() {
    let world = World::start(LONG).await;
    let ticket = world.signed_in("seller").await.sell("A seat", "20").await;
    let ada = world.signed_in("ada").await;
    ada.visit("/").await;
    ada.forget();
    // The skip link is first, and leads to what the page is about.
    ada.press(Key::Tab).await.unwrap();
    focus_is_seen(&ada).await;
    ada.press(Key::Enter).await.unwrap();
    ada.tab_to(&format!("a[href='/tickets/{ticket}']"), 8).await.unwrap();
    focus_is_seen(&ada).await;
    enter(&ada).await;
    ada.tab_to("main form button", 12).await.unwrap();
    focus_is_seen(&ada).await;
    enter(&ada).await;
    ada.tab_to("main form[action$='/pay'] button", 12).await.unwrap();
    focus_is_seen(&ada).await;
    enter(&ada).await;
    let mut typed = 0;
    for (field, text) in [("#number", Shopper::GOOD_CARD), ("#expiry", "12/40"), ("#cvc", "123")] {
        ada.tab_to(field, 4).await.unwrap();
        ada.write(text).await.unwrap();
        typed += u32::try_from(text.len()).unwrap();
    }
    enter(&ada).await;
    ada.order_becomes("complete").await;
    let keys = ada.keys() - typed;
    assert!(keys < FEWEST, "{keys} keys");
    ada.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_and_a_ticket_sold_with_keys_alone_and_a_mistake_gets_the_focus() {
    let world = World::start(LONG).await;
    let ada = world.customer().await;
    ada.visit("/").await;
    ada.tab_to("header a[href^='/auth/signup']", 8).await.unwrap();
    focus_is_seen(&ada).await;
    enter(&ada).await;
    ada.tab_to("#email", 12).await.unwrap();
    ada.write("ada").await.unwrap();
    enter(&ada).await;
    assert_eq!(ada.read("document.activeElement.id").await.unwrap(), "email", "the first mistake");
    focus_is_seen(&ada).await;
    ada.evaluate("document.activeElement.select()").await.unwrap();
    ada.write("ada@example.com").await.unwrap();
    ada.tab_to("#password", 3).await.unwrap();
    ada.write("correct horse").await.unwrap();
    ada.tab_to("main form button", 3).await.unwrap();
    ada.follow(async || ada.press(Key::Space).await).await.unwrap();
    ada.sees("ada@example.com").await.unwrap();
    ada.tab_to("header a[href='/tickets/new']", 8).await.unwrap();
    enter(&ada).await;
    ada.tab_to("#title", 12).await.unwrap();
    ada.write("A seat").await.unwrap();
    ada.tab_to("#price", 3).await.unwrap();
    ada.write("20").await.unwrap();
    enter(&ada).await;
    ada.sees("It is yours, and for sale").await.unwrap();
    ada.leaves();
}
