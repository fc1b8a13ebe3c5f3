//! What a page shows.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};

use super::{Page, page::SOON, watch::exception};
use crate::poll::poll;

/// How long a page may go on loading itself anew before that counts as an error.
const STILL: Duration = Duration::from_secs(60);

impl Page {
    /// The value of a JavaScript expression; that of a promise is awaited. The page's policy and its being without
    /// JavaScript are no obstacle.
    ///
    /// # Errors
    /// When it throws, or the page goes away meanwhile.
    pub async fn evaluate(&self, expression: &str) -> Result<Value> {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.call("Runtime.evaluate", params).await?;
        if let Some(details) = answer.get("exceptionDetails") {
            bail!("{}", exception(details));
        }
        Ok(answer["result"]["value"].take())
    }

    /// The value of an expression that only looks. A live page may load itself anew meanwhile; the new one is asked then.
    ///
    /// # Errors
    /// When it throws, or the page still loads itself anew after a minute.
    pub async fn read(&self, expression: &str) -> Result<Value> {
        let deadline = Instant::now() + STILL;
        loop {
            let before = self.document().await?;
            match self.evaluate(expression).await {
                Err(_) if Instant::now() < deadline && self.document().await? != before => {
                    self.complete().await?;
                }
                answer => return answer,
            }
        }
    }

    /// Waits until a JavaScript expression is true.
    ///
    /// # Errors
    /// With what the page shows by then.
    pub async fn until(&self, expression: &str) -> Result<()> {
        let waited = poll(SOON, async || match self.evaluate(&format!("Boolean({expression})")).await {
            Ok(Value::Bool(true)) => Ok(()),
            Ok(_) => Err(String::from("it is not")),
            Err(error) => Err(format!("{error:#}")),
        })
        .await;
        let Err(last) = waited else { return Ok(()) };
        Err(anyhow!("`{expression}` is not so within {SOON:?} ({last}): {}", self.describe().await))
    }

    /// Waits until a part of the page says this; capitals and white space count as they are shown.
    ///
    /// # Errors
    /// With what the page shows by then.
    pub async fn sees(&self, text: &str) -> Result<()> {
        self.until(&format!("document.body.innerText.includes({})", json!(text))).await
    }

    /// Waits until there is an element of this CSS selector that is to be seen.
    ///
    /// # Errors
    /// With what the page shows by then.
    pub async fn shows(&self, selector: &str) -> Result<()> {
        self.until(&format!(
            "[...document.querySelectorAll({})].some(e => e.checkVisibility())",
            json!(selector)
        ))
        .await
    }

    /// Waits until there is none.
    ///
    /// # Errors
    /// With what the page shows by then.
    pub async fn shows_no(&self, selector: &str) -> Result<()> {
        self.until(&format!(
            "![...document.querySelectorAll({})].some(e => e.checkVisibility())",
            json!(selector)
        ))
        .await
    }

    /// How many elements there are of this CSS selector, at this moment.
    ///
    /// # Errors
    /// When the selector is none.
    pub async fn count(&self, selector: &str) -> Result<u64> {
        let count = self.read(&format!("document.querySelectorAll({}).length", json!(selector))).await?;
        count.as_u64().context("a count")
    }

    /// The text that the first element of this CSS selector shows.
    ///
    /// # Errors
    /// When there is none after a while.
    pub async fn text(&self, selector: &str) -> Result<String> {
        self.property(selector, "innerText").await
    }

    /// A property of the first element of this CSS selector, such as `value`.
    ///
    /// # Errors
    /// When there is no such element after a while.
    pub async fn property(&self, selector: &str, name: &str) -> Result<String> {
        let element = format!("document.querySelector({})", json!(selector));
        self.until(&element).await?;
        let value = self.read(&format!("String({element}[{}])", json!(name))).await?;
        value.as_str().map(str::to_owned).with_context(|| format!("{name} of {selector}"))
    }

    /// For the message of a failure: the address, and the beginning of what is to be read.
    pub(super) async fn describe(&self) -> String {
        let url = self.url().await.unwrap_or_default();
        let text = self.evaluate("document.body.innerText.slice(0, 800)").await.unwrap_or_default();
        let complaints: String = self.complaints().iter().map(|each| format!("\n{each}")).collect();
        format!("{url} shows:\n{}{complaints}", text.as_str().unwrap_or_default())
    }
}
