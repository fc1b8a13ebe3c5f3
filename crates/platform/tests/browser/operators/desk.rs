//! An operator at a browser.

use std::ops::Deref;

use testkit::browser::{Complaint, Page, Visitor};

use crate::world::World;

/// An operator, or a viewer, with a tab before them.
pub(crate) struct Desk {
    tab: Page,
    url: String,
    _visitor: Visitor,
}

impl Deref for Desk {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.tab
    }
}

impl Desk {
    /// Somebody who has not signed in yet.
    pub(crate) async fn new(world: &World, runs_scripts: bool) -> Self {
        let visitor = world.browser.visitor().await.unwrap();
        let tab = visitor.page().await.unwrap();
        tab.javascript(runs_scripts).await.unwrap();
        Self { tab, url: world.platform.console_url().unwrap(), _visitor: visitor }
    }

    /// Somebody who has signed in with this token.
    pub(crate) async fn signed_in(world: &World, token: &str, runs_scripts: bool) -> Self {
        let desk = Self::new(world, runs_scripts).await;
        desk.visit("/").await;
        desk.fill("#signin-key", token).await.unwrap();
        desk.go("main form button").await.unwrap();
        desk.shows("#well").await.unwrap();
        desk
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn visit(&self, path: &str) {
        self.open(&format!("{}{path}", self.url)).await.unwrap();
    }

    /// Where the tab is.
    pub(crate) async fn url_now(&self) -> String {
        self.tab.url().await.unwrap()
    }

    /// The path of the page that is open, without its query.
    pub(crate) async fn path(&self) -> String {
        let url = self.url_now().await;
        let path = url.strip_prefix(&self.url).unwrap_or(&url);
        path.split(['?', '#']).next().unwrap_or_default().to_owned()
    }

    /// Opens the form of this name, types into its fields, and sends it.
    pub(crate) async fn send(&self, form: &str, fields: &[(&str, &str)]) {
        let form = format!("#form-{form}");
        self.shows(&format!("details:has({form}), {form}")).await.unwrap();
        let closed = format!("document.querySelector('{form}').closest('details:not([open])') !== null");
        if self.read(&closed).await.unwrap() == true {
            self.click(&format!("details:has({form}) > summary")).await.unwrap();
        }
        for (name, text) in fields {
            self.fill(&format!("{form} [name='{name}']"), text).await.unwrap();
        }
        self.go(&format!("{form} button")).await.unwrap();
    }

    /// Leaves. Nothing may have been wrong on the way; answers that say that something was not taken are in the browser's log.
    pub(crate) fn leaves(self) {
        let mut complaints = self.complaints();
        complaints.retain(|complaint| !matches!(complaint, Complaint::Missing { .. }));
        assert_eq!(complaints, []);
    }
}
