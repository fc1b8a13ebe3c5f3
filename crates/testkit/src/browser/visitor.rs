//! Somebody at the browser.

use std::sync::Arc;

use anyhow::Result;
use serde_json::{Value, json};

use super::{
    Page,
    launch::Chromium,
    profile::{Profile, text},
};

/// Cookies and a cache that nobody else has; may have several tabs. Dropped, all of them are gone.
#[derive(Debug)]
pub struct Visitor {
    chromium: Arc<Chromium>,
    profile: Arc<Profile>,
}

impl Visitor {
    pub(super) async fn new(chromium: Arc<Chromium>) -> Result<Self> {
        let made = chromium.call(None, "Target.createBrowserContext", json!({})).await?;
        let id = text(&made, "browserContextId")?;
        let profile = Arc::new(Profile { chromium: chromium.clone(), id });
        Ok(Self { chromium, profile })
    }

    /// A new tab, 1280 by 800, of which nothing is open yet.
    ///
    /// # Errors
    /// When Chromium has ended.
    pub async fn page(&self) -> Result<Page> {
        Page::new(self.chromium.clone(), self.profile.clone()).await
    }

    /// Takes every cookie away, as when a session has ended meanwhile.
    ///
    /// # Errors
    /// When Chromium has ended.
    pub async fn forget_cookies(&self) -> Result<()> {
        let params = json!({ "browserContextId": self.profile.id });
        self.chromium.call(None, "Storage.clearCookies", params).await.map(drop)
    }

    /// Every cookie, as the protocol tells it.
    ///
    /// # Errors
    /// When Chromium has ended.
    pub async fn cookies(&self) -> Result<Vec<Value>> {
        let params = json!({ "browserContextId": self.profile.id });
        let all = self.chromium.call(None, "Storage.getCookies", params).await?;
        Ok(all["cookies"].as_array().cloned().unwrap_or_default())
    }
}
