//! Who may not act: nobody, a viewer, and other sites. Each try is in the audit.

use platform::{OPERATOR_TOKEN, VIEWER_TOKEN};

use super::{desk::Desk, scene::Scene};
use crate::safe::sends_from_elsewhere;

#[tokio::test(flavor = "multi_thread")]
async fn nobody_a_viewer_and_another_site_change_nothing_and_are_in_the_audit() {
    let scene = Scene::set().await;
    let fire = format!("/orders/{}/fire", scene.order);
    let stripe = scene.world.platform.stripe().url().to_owned();
    let operator = scene.operator().await;
    scene.scheduled(&operator).await;
    // Another port of the same host is of the same site, which every cookie is sent from; another name is not.
    for elsewhere in [stripe.clone(), stripe.replace("127.0.0.1", "localhost")] {
        sends_from_elsewhere(&operator, &elsewhere, &format!("{}{fire}", operator.url())).await;
    }
    operator.visit("/audit?action=fireTimer").await;
    operator.sees("refused").await.unwrap();
    operator.sees("Another web site").await.unwrap();

    let viewer = Desk::signed_in(&scene.world, VIEWER_TOKEN, true).await;
    viewer.visit(&format!("/orders/{}", scene.order)).await;
    assert_eq!(viewer.count("main form[method=post]").await.unwrap(), 0, "a viewer has nothing to send");
    // With the token of a form that they do have.
    let send = format!(
        "(() => {{ const form = document.querySelector('form.who'); form.action = '{fire}'; form.submit(); }})()"
    );
    viewer.follow(async || viewer.evaluate(&send).await.map(drop)).await.unwrap();
    viewer.shows("[role=alert]").await.unwrap();
    operator.visit("/audit?action=fireTimer&who=viewer").await;
    operator.sees("refused").await.unwrap();

    operator.visit(&format!("/orders/{}", scene.order)).await;
    operator.shows("#form-fire, details:has(#form-fire)").await.unwrap();
    // A token of a form of another browser is no token of this one.
    let other = Desk::signed_in(&scene.world, OPERATOR_TOKEN, true).await;
    other.visit(&format!("/orders/{}", scene.order)).await;
    let stolen = operator.property("#form-fire [name=token]", "value").await.unwrap();
    other
        .evaluate(&format!("document.querySelector('#form-fire [name=token]').value = '{stolen}'"))
        .await
        .unwrap();
    other.send("fire", &[]).await;
    other.sees("open for too long").await.unwrap();
    other.shows("#form-fire, details:has(#form-fire)").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_is_signed_in_every_page_leads_to_the_sign_in_and_back_and_to_no_other_site() {
    let scene = Scene::set().await;
    let desk = Desk::new(&scene.world, true).await;
    for path in ["/", "/schedule", "/orders/x", "/dead-letters/1", "/audit", "/nowhere"] {
        desk.visit(path).await;
        assert_eq!(desk.path().await, "/signin", "{path}");
    }
    desk.visit("/signin?next=//evil.example/").await;
    desk.send("signin", &[("key", VIEWER_TOKEN)]).await;
    assert!(desk.url_now().await.starts_with(desk.url()));
    let other = Desk::new(&scene.world, true).await;
    other.visit("/audit?who=x").await;
    other.send("signin", &[("key", VIEWER_TOKEN)]).await;
    assert_eq!(other.path().await, "/audit");
}
