//! Somebody at a browser who sells and buys in the shop.

use std::{ops::Deref, time::Duration};

use anyhow::{Result, anyhow, ensure};
use testkit::{
    browser::{Browser, Page, Visitor},
    poll,
};

/// Longer than an event takes to get anywhere on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Everybody's.
const PASSWORD: &str = "correct horse";

/// Somebody with a tab before them, which this derefs to.
#[derive(Debug)]
pub struct Shopper {
    visitor: Visitor,
    tab: Page,
    url: String,
    runs_scripts: bool,
}

impl Deref for Shopper {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.tab
    }
}

impl Shopper {
    /// The button of a ticket's page.
    pub const BUY: &str = "main form[action^='/tickets/'] button";
    /// The button of an order's page that leads to the provider's.
    pub const PAY: &str = "main form[action$='/pay'] button";
    /// The other button of an order's page.
    pub const GIVE_UP: &str = "main form[action$='/cancel'] button";
    /// The button of the form that fills a page: sign in, sign up, sell, change, sign out.
    pub const SEND: &str = "main form[method=post] button";
    /// The link that shows the page as it is now.
    pub const RELOAD: &str = "#fresh a";
    /// A card that pays.
    pub const GOOD_CARD: &str = "4242424242424242";
    /// A card that does not.
    pub const DECLINED_CARD: &str = "4000000000000002";

    /// Somebody who has never been to the shop at this address, with an empty tab.
    ///
    /// # Errors
    /// When the browser has ended.
    pub async fn new(browser: &Browser, url: String, runs_scripts: bool) -> Result<Self> {
        let visitor = browser.visitor().await?;
        let tab = visitor.page().await?;
        tab.javascript(runs_scripts).await?;
        Ok(Self { visitor, tab, url, runs_scripts })
    }

    /// Their cookies and other tabs.
    pub fn visitor(&self) -> &Visitor {
        &self.visitor
    }

    /// The shop's address.
    pub fn shop(&self) -> &str {
        &self.url
    }

    /// Opens a page of the shop.
    ///
    /// # Errors
    /// When nothing answers.
    pub async fn visit(&self, path: &str) -> Result<()> {
        self.open(&format!("{}{path}", self.url)).await
    }

    /// The path of the page that is open, without its query.
    ///
    /// # Errors
    /// When the browser has ended.
    pub async fn path(&self) -> Result<String> {
        let url = self.tab.url().await?;
        let path = url.strip_prefix(&self.url).unwrap_or(&url);
        Ok(path.split('?').next().unwrap_or_default().to_owned())
    }

    /// The id at the end of the address.
    ///
    /// # Errors
    /// When the browser has ended.
    pub async fn id(&self) -> Result<String> {
        Ok(self.path().await?.rsplit('/').next().unwrap_or_default().to_owned())
    }

    /// Types an address and the password into the form that is open, and sends it.
    ///
    /// # Errors
    /// When there is no such form.
    pub async fn type_credentials(&self, name: &str) -> Result<()> {
        self.fill("#email", &format!("{name}@example.com")).await?;
        self.fill("#password", PASSWORD).await?;
        self.go(Self::SEND).await
    }

    /// Signs up, and is at `/` then.
    ///
    /// # Errors
    /// When that is not taken.
    pub async fn sign_up(&self, name: &str) -> Result<()> {
        self.visit("/auth/signup").await?;
        self.type_credentials(name).await?;
        let path = self.path().await?;
        ensure!(path == "/", "signing up leads to {path}");
        Ok(())
    }

    /// Puts up a ticket, and answers its id.
    ///
    /// # Errors
    /// When that is not taken.
    pub async fn sell(&self, title: &str, price: &str) -> Result<String> {
        self.visit("/tickets/new").await?;
        self.fill("#title", title).await?;
        self.fill("#price", price).await?;
        self.go(Self::SEND).await?;
        self.sees("It is yours, and for sale").await?;
        self.id().await
    }

    /// Orders a ticket on its page, as soon as `orders` knows of it, and answers the order's id.
    ///
    /// # Errors
    /// When it can't be ordered after a minute.
    pub async fn buy(&self, ticket: &str) -> Result<String> {
        let order = poll(PATIENCE, async || {
            let ordered = async {
                self.visit(&format!("/tickets/{ticket}")).await?;
                self.go(Self::BUY).await?;
                self.path().await
            };
            let path = ordered.await.map_err(|error| format!("{error:#}"))?;
            path.strip_prefix("/orders/").map(str::to_owned).ok_or(path)
        });
        order.await.map_err(|last| anyhow!("{ticket} can't be ordered: {last}"))
    }

    /// Types a card into the provider's page, and sends it.
    ///
    /// # Errors
    /// When that page is not open.
    pub async fn type_card(&self, number: &str) -> Result<()> {
        self.fill("#number", number).await?;
        self.fill("#expiry", "12 / 40").await?;
        self.fill("#cvc", "123").await?;
        self.go("form[action^='/pay/'] button").await
    }

    /// Pays for the order whose page is open, and is back there then.
    ///
    /// # Errors
    /// When that is not taken.
    pub async fn pay(&self) -> Result<()> {
        self.go(Self::PAY).await?;
        self.type_card(Self::GOOD_CARD).await?;
        let path = self.path().await?;
        ensure!(path.starts_with("/orders/"), "paying leads to {path}");
        Ok(())
    }

    /// Waits until the page of an order says this state. With JavaScript it does so by itself; without, its reload link
    /// is clicked.
    ///
    /// # Errors
    /// When it does not.
    pub async fn order_becomes(&self, state: &str) -> Result<()> {
        let shown = format!("[data-state='{state}']");
        if self.runs_scripts {
            return self.shows(&shown).await;
        }
        let became = poll(PATIENCE, async || {
            let look = async {
                if self.count(&shown).await? > 0 {
                    return Ok(None);
                }
                self.go(Self::RELOAD).await?;
                self.text("main").await.map(Some)
            };
            match look.await {
                Ok(None) => Ok(()),
                Ok(Some(text)) => Err(text),
                Err(error) => Err(format!("{error:#}")),
            }
        });
        became.await.map_err(|last| anyhow!("the order does not become {state}: {last}"))
    }
}
