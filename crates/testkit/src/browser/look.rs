//! How a page is looked at: size, colours, motion, paper, with and without JavaScript; and pictures of it.

use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::Page;

/// What colours the visitor prefers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    #[default]
    Light,
    /// Light on dark.
    Dark,
}

impl Scheme {
    /// As CSS names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Page {
    /// The size of the window in CSS pixels. Up to 480 wide it is a telephone.
    ///
    /// # Errors
    /// When Chromium has ended.
    pub async fn size(&self, width: u32, height: u32) -> Result<()> {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width <= 480 });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await.map(drop)
    }

    /// Colours, and whether things may move.
    ///
    /// # Errors
    /// When Chromium has ended.
    pub async fn prefers(&self, scheme: Scheme, reduced_motion: bool) -> Result<()> {
        let motion = if reduced_motion { "reduce" } else { "no-preference" };
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme.as_str() },
            { "name": "prefers-reduced-motion", "value": motion },
        ]);
        self.call("Emulation.setEmulatedMedia", json!({ "media": "", "features": features })).await.map(drop)
    }

    /// As it would come out of a printer, or again as on a screen.
    ///
    /// # Errors
    /// When Chromium has ended.
    pub async fn on_paper(&self, paper: bool) -> Result<()> {
        let media = if paper { "print" } else { "" };
        self.call("Emulation.setEmulatedMedia", json!({ "media": media })).await.map(drop)
    }

    /// Whether scripts run in the pages that are opened from now on.
    ///
    /// # Errors
    /// When Chromium has ended.
    pub async fn javascript(&self, on: bool) -> Result<()> {
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": !on })).await.map(drop)
    }

    /// Where the visitor is: languages as `Accept-Language` has them, and a zone such as `Asia/Tokyo`.
    ///
    /// # Errors
    /// When there is no such zone.
    pub async fn lives(&self, languages: &str, zone: &str) -> Result<()> {
        let agent = self.evaluate("navigator.userAgent").await?;
        let named = json!({ "userAgent": agent, "acceptLanguage": languages });
        self.call("Emulation.setUserAgentOverride", named).await?;
        self.call("Emulation.setTimezoneOverride", json!({ "timezoneId": zone })).await.map(drop)
    }

    /// A PNG of what the window shows, or of the whole page.
    ///
    /// # Errors
    /// When Chromium has ended.
    pub async fn picture(&self, whole: bool) -> Result<Vec<u8>> {
        self.capture(json!({ "format": "png", "captureBeyondViewport": whole })).await
    }

    /// A WebP of what the window shows: a fifth of the size.
    ///
    /// # Errors
    /// When Chromium has ended.
    pub async fn small_picture(&self) -> Result<Vec<u8>> {
        self.capture(json!({ "format": "webp", "quality": 80 })).await
    }

    async fn capture(&self, params: Value) -> Result<Vec<u8>> {
        let answer = self.call("Page.captureScreenshot", params).await?;
        STANDARD.decode(answer["data"].as_str().unwrap_or_default()).context("read a picture")
    }

    /// The part of the page that no window of this width shows without moving it sideways, in CSS pixels.
    ///
    /// # Errors
    /// When Chromium has ended.
    pub async fn overflow(&self) -> Result<i64> {
        let wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        self.read(wide).await?.as_i64().context("a width")
    }
}
