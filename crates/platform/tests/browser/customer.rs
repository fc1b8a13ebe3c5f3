//! What people do in a shop, for tests that can't go on without it.

use std::ops::Deref;

use platform::Shopper;
use testkit::browser::{Browser, Complaint, Page};

pub(crate) const BUY: &str = Shopper::BUY;
pub(crate) const PAY: &str = Shopper::PAY;
pub(crate) const GIVE_UP: &str = Shopper::GIVE_UP;
pub(crate) const SEND: &str = Shopper::SEND;

/// Somebody at a browser, with one tab before them.
pub(crate) struct Customer(Shopper);

impl Deref for Customer {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.0
    }
}

impl Customer {
    pub(crate) async fn new(browser: &Browser, url: String, runs_scripts: bool) -> Self {
        Self(Shopper::new(browser, url, runs_scripts).await.unwrap())
    }

    /// A second tab of the same person.
    pub(crate) async fn tab_at(&self, path: &str) -> Page {
        let tab = self.0.visitor().page().await.unwrap();
        tab.open(&format!("{}{path}", self.0.shop())).await.unwrap();
        tab
    }

    pub(crate) async fn visit(&self, path: &str) {
        self.0.visit(path).await.unwrap();
    }

    pub(crate) async fn path(&self) -> String {
        self.0.path().await.unwrap()
    }

    pub(crate) async fn id(&self) -> String {
        self.0.id().await.unwrap()
    }

    pub(crate) async fn type_credentials(&self, name: &str) {
        self.0.type_credentials(name).await.unwrap();
    }

    pub(crate) async fn sign_up(&self, name: &str) {
        self.0.sign_up(name).await.unwrap();
    }

    pub(crate) async fn sell(&self, title: &str, price: &str) -> String {
        self.0.sell(title, price).await.unwrap()
    }

    pub(crate) async fn buy(&self, ticket: &str) -> String {
        self.0.buy(ticket).await.unwrap()
    }

    pub(crate) async fn type_card(&self, number: &str) {
        self.0.type_card(number).await.unwrap();
    }

    pub(crate) async fn pay(&self) {
        self.0.pay().await.unwrap();
    }

    pub(crate) async fn order_becomes(&self, state: &str) {
        self.0.order_becomes(state).await.unwrap();
    }

    /// The session has ended meanwhile; the other cookies of the browser stay.
    pub(crate) async fn loses_session(&self) {
        for cookie in self.0.visitor().cookies().await.unwrap() {
            if cookie["name"] != "form" {
                let named = serde_json::json!({ "name": cookie["name"], "url": self.0.shop() });
                self.call("Network.deleteCookies", named).await.unwrap();
            }
        }
    }

    /// Leaves. Nothing may have been wrong on the way.
    pub(crate) fn leaves(self) {
        assert_eq!(self.complaints(), []);
    }

    /// Leaves, where servers had gone away: what they did not answer may be missing, and nothing else wrong.
    pub(crate) fn leaves_after_trouble(self) {
        self.leaves_but_for("");
    }

    /// Leaves. What has this in its address may have been missing, and nothing else wrong.
    pub(crate) fn leaves_but_for(self, part: &str) {
        let mut complaints = self.complaints();
        complaints
            .retain(|complaint| !matches!(complaint, Complaint::Missing { url, .. } if url.contains(part)));
        assert_eq!(complaints, []);
    }
}
