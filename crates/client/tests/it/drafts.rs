//! What a seller writes: errors at their fields, and nothing typed is lost.

use crate::world::World;

#[tokio::test]
async fn each_error_stands_at_its_field_and_what_was_typed_is_kept() {
    let world = World::new().await;
    let mut seller = world.member().await;
    let answer = seller.fill("/tickets/new", &[("title", ""), ("price", "\"-3<")]).await;
    assert_eq!(answer.status, 400);
    let form = answer.form("/tickets/new").html;
    for (field, error) in [("title", "Title is required"), ("price", "Price must be greater than 0")] {
        assert!(form.contains(&format!(r#"<p class="error" id="{field}-error">{error}</p>"#)), "{form}");
        assert!(form.contains(&format!(r#"aria-describedby="{field}-hint {field}-error""#)), "{form}");
        assert!(answer.html.contains(&format!(r##"<a href="#{field}">{error}</a>"##)), "{}", answer.html);
    }
    assert_eq!(form.matches(r#"aria-invalid="true""#).count(), 2);
    assert!(answer.html.contains(r#"role="alert""#));
    assert!(form.contains(r#"value="&quot;-3&lt;""#), "{form}");
    let good = seller.submit(&answer, "/tickets/new", &[("title", "Good"), ("price", "3")]).await;
    assert!(good.leads_to().starts_with("/tickets/"));
}

#[tokio::test]
async fn a_seller_changes_title_and_price_and_a_second_tab_does_not_undo_it() {
    let world = World::new().await;
    let mut seller = world.member().await;
    let ticket = seller.sell("Old title", "20").await;
    let edit = format!("{ticket}/edit");
    let tab = seller.get(&edit).await;
    tab.form(&edit);
    assert!(tab.html.contains(r#"value="Old title""#) && tab.html.contains(r#"value="20""#));
    let saved = seller.submit(&tab, &edit, &[("title", "New title"), ("price", "25.5")]).await;
    assert_eq!(saved.leads_to(), ticket);
    let shown = seller.get(&ticket).await;
    shown.shows("New title");
    shown.shows("$25.50");
    let stale = seller.submit(&tab, &edit, &[("title", "Third title"), ("price", "1")]).await;
    assert_eq!(stale.status, 409);
    stale.shows("The ticket has changed since you opened this page.");
    assert!(stale.html.contains(r#"value="Third title""#));
    seller.get("/sales").await.shows("New title$25.50Edit");
}

#[tokio::test]
async fn nobody_changes_the_ticket_of_another() {
    let world = World::new().await;
    let (mut seller, mut other) = (world.member().await, world.member().await);
    let ticket = seller.sell("Mine", "20").await;
    let edit = format!("{ticket}/edit");
    let refused = other.get(&edit).await;
    assert_eq!(refused.status, 403);
    assert!(!refused.has_form(&edit));
    // With a form of his own, sent to that address.
    let own = other.get("/tickets/new").await.form("/tickets/new").hidden;
    let token = own.iter().find(|(name, _)| name == "token").unwrap().1.clone();
    let fields = [("token", token.as_str()), ("version", "0"), ("title", "Yours"), ("price", "1")];
    assert_eq!(other.post(&edit, &fields).await.status, 403);
    seller.get(&ticket).await.shows("Mine");
    let mut stranger = world.visitor();
    assert!(stranger.get(&edit).await.leads_to().starts_with("/auth/signin?next="));
}
