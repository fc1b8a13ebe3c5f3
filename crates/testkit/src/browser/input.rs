//! Mouse and keyboard.

use std::{sync::atomic::Ordering, time::Duration};

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};

use super::{Key, Page, page::SOON};
use crate::poll::poll;

/// Longer than a busy browser takes for its first frame.
const AUTOFOCUS: Duration = Duration::from_secs(5);

/// Where to click an element, once it is to be seen, can be used and nothing lies over it.
const PLACE: &str = "(selector => {
    const element = document.querySelector(selector);
    if (!element) return 'there is none';
    if (!element.checkVisibility()) return 'it is hidden';
    if (element.disabled) return 'it is disabled';
    element.scrollIntoView({ block: 'center', behavior: 'instant' });
    const box = element.getClientRects()[0];
    if (!box) return 'it has no place';
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const there = document.elementFromPoint(x, y);
    if (!there || !(element.contains(there) || there.contains(element))) return 'something lies over it';
    return { x, y };
})";

impl Page {
    /// Clicks the first element of this CSS selector, as soon as it can be clicked.
    ///
    /// # Errors
    /// When it can't be.
    pub async fn click(&self, selector: &str) -> Result<()> {
        let place = self.place(selector).await?;
        self.press_at(&place, 1).await
    }

    /// Clicks what leads to another page, and waits until that is complete.
    ///
    /// # Errors
    /// When it can't be clicked or leads nowhere.
    pub async fn go(&self, selector: &str) -> Result<()> {
        let clicked = self.follow(async || self.click(selector).await).await;
        clicked.with_context(|| format!("click {selector}"))
    }

    /// Clicks it twice, as fast as a nervous finger.
    ///
    /// # Errors
    /// When it can't be clicked.
    pub async fn double_click(&self, selector: &str) -> Result<()> {
        let place = self.place(selector).await?;
        self.press_at(&place, 1).await?;
        self.press_at(&place, 2).await
    }

    async fn place(&self, selector: &str) -> Result<Value> {
        let expression = format!("{PLACE}({})", json!(selector));
        let place = poll(SOON, async || match self.evaluate(&expression).await {
            Ok(Value::String(why_not)) => Err(why_not),
            Ok(place) => Ok(place),
            Err(error) => Err(format!("{error:#}")),
        });
        match place.await {
            Ok(place) => Ok(place),
            Err(last) => {
                Err(anyhow!("{selector} can't be clicked after {SOON:?}: {last}; {}", self.describe().await))
            }
        }
    }

    async fn press_at(&self, place: &Value, count: u32) -> Result<()> {
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event = json!({
                "type": kind, "x": place["x"], "y": place["y"], "button": button, "clickCount": count,
            });
            self.call("Input.dispatchMouseEvent", event).await?;
        }
        Ok(())
    }

    /// Puts this text into a field, in place of what is there.
    ///
    /// # Errors
    /// When there is no such field after a while.
    pub async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        let element = format!("document.querySelector({})", json!(selector));
        self.until(&format!("{element} && !{element}.disabled")).await?;
        self.evaluate(&format!("{element}.focus(), {element}.select()")).await?;
        if text.is_empty() {
            self.evaluate(&format!("{element}.value = '', 0")).await?;
            return Ok(());
        }
        self.call("Input.insertText", json!({ "text": text })).await.map(drop)
    }

    /// Presses a key and lets it go; what has the focus gets it.
    ///
    /// # Errors
    /// When Chromium has ended.
    pub async fn press(&self, key: Key) -> Result<()> {
        self.pressed.fetch_add(1, Ordering::Relaxed);
        self.call("Input.dispatchKeyEvent", key.down()).await?;
        self.call("Input.dispatchKeyEvent", key.up()).await.map(drop)
    }

    /// Presses the key of each letter.
    ///
    /// # Errors
    /// When Chromium has ended.
    pub async fn write(&self, text: &str) -> Result<()> {
        for letter in text.chars() {
            self.press(Key::Letter(letter)).await?;
        }
        Ok(())
    }

    /// Presses Tab until an element of this CSS selector has the focus.
    ///
    /// # Errors
    /// When none has it after `most` times, with what had it on the way.
    pub async fn tab_to(&self, selector: &str, most: usize) -> Result<()> {
        self.autofocus().await;
        let mut met = Vec::new();
        let matches = format!("document.activeElement.matches({})", json!(selector));
        for _ in 0..=most {
            if self.evaluate(&matches).await? == true {
                return Ok(());
            }
            self.press(Key::Tab).await?;
            met.push(self.focus().await);
        }
        Err(anyhow!("{most} times Tab do not lead to {selector}, but to:\n{}", met.join("\n")))
    }

    /// What takes the focus by itself does so with the first frame, and a Tab before that would go on from there. Without such an
    /// element nothing is waited for.
    async fn autofocus(&self) {
        let done = "!document.querySelector('[autofocus]') || document.activeElement !== document.body";
        let _ = poll(AUTOFOCUS, async || match self.evaluate(done).await {
            Ok(done) if done == true => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
    }

    /// The beginning of the HTML of what has the focus.
    pub async fn focus(&self) -> String {
        let element = self.evaluate("document.activeElement.outerHTML.slice(0, 120)").await;
        element.map_or_else(|error| format!("{error:#}"), |text| text.as_str().unwrap_or_default().to_owned())
    }

    /// How many keys were pressed.
    pub fn keys(&self) -> u32 {
        self.pressed.load(Ordering::Relaxed)
    }
}
