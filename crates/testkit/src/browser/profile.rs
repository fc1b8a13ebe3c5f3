//! Cookies and a cache that nobody else has.

use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::launch::Chromium;

/// What Chromium calls a browser context.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) chromium: Arc<Chromium>,
    pub(super) id: String,
}

impl Drop for Profile {
    fn drop(&mut self) {
        // A drop can't wait for the answer, and Chromium may be gone already.
        let _ =
            self.chromium.tell(None, "Target.disposeBrowserContext", &json!({ "browserContextId": self.id }));
    }
}

pub(super) fn text(answer: &Value, field: &str) -> Result<String> {
    answer[field].as_str().map(str::to_owned).with_context(|| format!("Chromium's answer has no {field}"))
}
