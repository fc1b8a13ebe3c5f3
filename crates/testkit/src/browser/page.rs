//! A tab.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};

use super::{
    Answer, Complaint,
    launch::Chromium,
    profile::{Profile, text},
    watch::Watch,
};
use crate::poll::poll;

/// How long a page may take to show something.
pub(super) const SOON: Duration = Duration::from_secs(20);

/// A tab of a [`super::Visitor`]. Dropped, it is closed.
///
/// Nothing here waits for a fixed time: what acts on an element waits until it can be used, and what leads to another
/// page waits until that one is complete.
#[derive(Debug)]
pub struct Page {
    pub(super) chromium: Arc<Chromium>,
    pub(super) session: String,
    pub(super) watch: Watch,
    pub(super) pressed: AtomicU32,
    target: String,
    _profile: Arc<Profile>,
}

/// Without these, no events come.
const ENABLED: [&str; 5] = ["Page", "Runtime", "Network", "Log", "Audits"];

impl Page {
    pub(super) async fn new(chromium: Arc<Chromium>, profile: Arc<Profile>) -> Result<Self> {
        let blank = json!({ "url": "about:blank", "browserContextId": profile.id });
        let target = text(&chromium.call(None, "Target.createTarget", blank).await?, "targetId")?;
        let attach = json!({ "targetId": target, "flatten": true });
        let session = text(&chromium.call(None, "Target.attachToTarget", attach).await?, "sessionId")?;
        let watch = Watch::default();
        watch.begin(&chromium, &session);
        let pressed = AtomicU32::new(0);
        let page = Self { chromium, session, watch, pressed, target, _profile: profile };
        for domain in ENABLED {
            page.call(&format!("{domain}.enable"), json!({})).await?;
        }
        // A tab that nobody looks at is slowed down, and each visitor looks at his own.
        page.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await?;
        page.size(1280, 800).await?;
        Ok(page)
    }

    /// Opens an address and waits until the page is complete.
    ///
    /// # Errors
    /// When nothing answers there.
    pub async fn open(&self, url: &str) -> Result<()> {
        let answer = self.call("Page.navigate", json!({ "url": url })).await?;
        if let Some(error) = answer["errorText"].as_str() {
            bail!("open {url}: {error}");
        }
        self.complete().await
    }

    /// Loads it anew, as its button does: a page that came of a POST is posted again.
    ///
    /// # Errors
    /// When it does not become complete.
    pub async fn reload(&self) -> Result<()> {
        self.follow(async || self.call("Page.reload", json!({})).await.map(drop)).await
    }

    /// The button for the page before.
    ///
    /// # Errors
    /// When there is none, or it does not become complete.
    pub async fn back(&self) -> Result<()> {
        self.travel(-1).await
    }

    /// The button for the page after that.
    ///
    /// # Errors
    /// When there is none, or it does not become complete.
    pub async fn forward(&self) -> Result<()> {
        self.travel(1).await
    }

    async fn travel(&self, steps: i64) -> Result<()> {
        let history = self.call("Page.getNavigationHistory", json!({})).await?;
        let at = history["currentIndex"].as_i64().context("where it is in its history")? + steps;
        let entry = usize::try_from(at).ok().and_then(|at| history["entries"].get(at));
        let id = entry.context("there is no page to go to")?["id"].clone();
        self.follow(async || {
            self.call("Page.navigateToHistoryEntry", json!({ "entryId": id })).await.map(drop)
        })
        .await
    }

    /// Does something that leads to another document, and waits until that is complete.
    ///
    /// # Errors
    /// When there is none.
    pub async fn follow(&self, act: impl AsyncFnOnce() -> Result<()>) -> Result<()> {
        let before = self.document().await?;
        act().await?;
        poll(SOON, async || match self.document().await {
            Ok(document) if document != before => Ok(()),
            Ok(_) => Err(String::from("the page is the same")),
            Err(error) => Err(format!("{error:#}")),
        })
        .await
        .map_err(|last| anyhow!("no other page has come within {SOON:?}: {last}"))?;
        self.complete().await
    }

    /// Which document this is; the same address loaded again is another one.
    pub(super) async fn document(&self) -> Result<Value> {
        Ok(self.call("Page.getFrameTree", json!({})).await?["frameTree"]["frame"]["loaderId"].take())
    }

    pub(super) async fn complete(&self) -> Result<()> {
        self.until("document.readyState === 'complete' && document.body !== null").await
    }

    /// The address.
    ///
    /// # Errors
    /// When Chromium has ended.
    pub async fn url(&self) -> Result<String> {
        let tree = self.call("Page.getFrameTree", json!({})).await?;
        text(&tree["frameTree"]["frame"], "url")
    }

    /// Every answer since it was opened, in the order in which they began, once all are there but streams of events,
    /// which never are.
    ///
    /// # Errors
    /// When one does not come to its end.
    pub async fn all_answers(&self) -> Result<Vec<Answer>> {
        let all = poll(SOON, async || {
            let answers = self.answers();
            let open = |answer: &&Answer| !answer.complete && answer.kind != "EventSource";
            match answers.iter().find(open) {
                Some(open) => Err(open.url.clone()),
                None => Ok(answers),
            }
        });
        all.await.map_err(|url| anyhow!("{url} has no end after {SOON:?}"))
    }

    /// Every answer so far, since it was opened.
    pub fn answers(&self) -> Vec<Answer> {
        self.watch.seen().answers.clone()
    }

    /// What was wrong since it was opened.
    pub fn complaints(&self) -> Vec<Complaint> {
        self.watch.seen().wrong()
    }

    /// Counts answers, complaints and keys from now on.
    pub fn forget(&self) {
        let mut seen = self.watch.seen();
        seen.answers.clear();
        seen.complaints.clear();
        self.pressed.store(0, Ordering::Relaxed);
    }

    /// Gives a command of the protocol itself, for what is not here.
    ///
    /// # Errors
    /// When Chromium refuses it or has ended.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value> {
        self.chromium.call(Some(&self.session), method, params).await
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.chromium.forget(&self.session);
        // A drop can't wait for the answer, and Chromium may be gone already.
        let _ = self.chromium.tell(None, "Target.closeTarget", &json!({ "targetId": self.target }));
    }
}
