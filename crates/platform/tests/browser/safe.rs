//! Other sites, which would like to act in a visitor's name.

use serde_json::json;
use testkit::browser::Page;

use crate::world::{LONG, World};

/// Sends a form to the shop from a page of another site, as a real browser does: with the cookies that it sends then.
pub(crate) async fn sends_from_elsewhere(customer: &Page, elsewhere: &str, action: &str) {
    customer.open(elsewhere).await.unwrap();
    let form = format!(
        "(() => {{ const form = document.createElement('form'); form.method = 'post'; form.action = {}; \
         document.body.append(form); form.submit(); }})()",
        json!(action)
    );
    customer.follow(async || customer.evaluate(&form).await.map(drop)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_site_changes_nothing_and_says_so() {
    let world = World::start(LONG).await;
    let ticket = world.signed_in("seller").await.sell("A seat", "20").await;
    let ada = world.signed_in("ada").await;
    let order = ada.buy(&ticket).await;
    let shop = world.platform.url();
    let stripe = world.platform.stripe().url().to_owned();
    // Another port of the same host is of the same site, which every cookie is sent from; another name is not.
    for elsewhere in [stripe.clone(), stripe.replace("127.0.0.1", "localhost")] {
        for path in ["/auth/signout", &format!("/orders/{order}/cancel"), &format!("/tickets/{ticket}")] {
            sends_from_elsewhere(&ada, &elsewhere, &format!("{shop}{path}")).await;
            ada.sees("Another web site has sent this form").await.unwrap();
        }
    }
    assert_eq!(ada.axe().await.unwrap(), []);
    ada.visit("/orders").await;
    ada.shows(&format!("li[data-state=created] a[href='/orders/{order}']")).await.unwrap();
    ada.sees("ada@example.com").await.unwrap();
    ada.leaves();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_to_another_site_is_not_taken() {
    let world = World::start(LONG).await;
    for (number, next) in
        ["//evil.example/", "https://evil.example/", "/%5Cevil.example", "/\\evil.example"].iter().enumerate()
    {
        let visitor = world.customer().await;
        visitor.visit(&format!("/auth/signup?next={next}")).await;
        visitor.type_credentials(&format!("visitor{number}")).await;
        assert!(visitor.url().await.unwrap().starts_with(&world.platform.url()), "{next}");
        visitor.sees(&format!("visitor{number}@example.com")).await.unwrap();
        visitor.leaves();
    }
}
