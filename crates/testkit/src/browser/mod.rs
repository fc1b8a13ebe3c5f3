//! A real Chromium, driven by its DevTools protocol: visitors with cookies of their own, pages, mouse and keys, and what
//! the browser had to complain about.
//!
//! The protocol goes over two pipes: there is no port to find, no WebSocket, and Chromium ends when the pipe does.

mod axe;
mod document;
mod input;
mod keys;
mod launch;
mod look;
mod page;
mod pipe;
mod profile;
mod visitor;
mod watch;

use std::sync::Arc;

use anyhow::Result;
use serde_json::json;

pub use axe::Finding;
pub use keys::Key;
pub use look::Scheme;
pub use page::Page;
pub use visitor::Visitor;
pub use watch::{Answer, Complaint};

use launch::Chromium;

/// Where Chromium is, for a program that starts it in its own way: found, or fetched when there is none.
///
/// # Errors
/// When it is neither there nor can be fetched; the text says what to type.
pub fn program() -> Result<std::path::PathBuf> {
    Ok(crate::find::chromium()?.path.clone())
}

/// A Chromium of its own, with an empty profile. Dropped, it is gone.
#[derive(Debug)]
pub struct Browser {
    chromium: Arc<Chromium>,
}

impl Browser {
    /// Starts it, some 500 ms; finds it, or fetches it when there is none.
    ///
    /// # Errors
    /// When it is neither there nor can be fetched, or does not answer; with the end of its log.
    pub async fn start() -> Result<Self> {
        let chromium = Chromium::start()?;
        chromium.call(None, "Browser.getVersion", json!({})).await?;
        Ok(Self { chromium: Arc::new(chromium) })
    }

    /// Somebody else at this browser, with cookies and a cache of their own.
    ///
    /// # Errors
    /// When Chromium has ended.
    pub async fn visitor(&self) -> Result<Visitor> {
        Visitor::new(self.chromium.clone()).await
    }
}
