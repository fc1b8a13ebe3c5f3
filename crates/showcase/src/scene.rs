//! A shop that is open: the platform with tickets for sale, and a browser before it.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use platform::{OPERATOR_TOKEN, Platform, Shopper, seed};
use testkit::{browser::Browser, poll};

/// As in production.
const WINDOW: Duration = Duration::from_secs(900);

const PATIENCE: Duration = Duration::from_secs(30);
/// Tickets that a page of 20 leaves for the next one.
const SECOND_PAGE: u64 = 16;

/// The platform with tickets for sale, and a browser.
pub(crate) struct Scene {
    pub(crate) platform: Platform,
    browser: Browser,
}

impl Scene {
    /// Starts both.
    pub(crate) async fn open() -> Result<Self> {
        // A thousand buyers on this machine are one address.
        let platform = Platform::builder().window(WINDOW).env("MAX_EDITS_PER_MINUTE", "0");
        let (platform, browser) = tokio::try_join!(platform.start(), Browser::start())?;
        seed(&platform.url()).await?;
        let scene = Self { platform, browser };
        scene.fills_its_window().await?;
        Ok(scene)
    }

    /// The list of tickets is kept for a moment: waits until it has the last one too.
    async fn fills_its_window(&self) -> Result<()> {
        let looker = self.shopper().await?;
        let last = poll(PATIENCE, async || {
            let looked = async {
                looker.visit("/?page=2").await?;
                looker.count("#tickets > li").await
            };
            match looked.await {
                Ok(SECOND_PAGE) => Ok(()),
                Ok(count) => Err(format!("{count} tickets on the second page")),
                Err(error) => Err(format!("{error:#}")),
            }
        });
        last.await.map_err(|last| anyhow!("the shop does not show what was put up: {last}"))
    }

    /// Somebody who has never been here.
    pub(crate) async fn shopper(&self) -> Result<Shopper> {
        Shopper::new(&self.browser, self.platform.url(), true).await
    }

    /// The same without JavaScript, whose pages stay as they are.
    pub(crate) async fn shopper_without_javascript(&self) -> Result<Shopper> {
        Shopper::new(&self.browser, self.platform.url(), false).await
    }

    /// Somebody who is on call, signed in at `console`.
    pub(crate) async fn operator(&self) -> Result<Shopper> {
        let url = self.platform.console_url().context("console is there")?;
        let operator = Shopper::new(&self.browser, url, true).await?;
        operator.visit("/signin").await?;
        operator.fill("#signin-key", OPERATOR_TOKEN).await?;
        operator.go("main form button").await?;
        Ok(operator)
    }
}
