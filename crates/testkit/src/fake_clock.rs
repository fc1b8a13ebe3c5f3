//! A clock that runs ahead of or behind the true one, and jumps: for a process of its own, by libfaketime.
//!
//! It replaces what a program asks its C library, so it works for our binaries, Redis and Postgres. Programs in Go ask the
//! kernel: the time of `nats-server` can't be changed this way. Only the time of day moves; timers go on as they were.

mod library;

use std::{ffi::OsString, fs, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result};

use crate::scratch_dir::{Directory, ScratchDir};

/// A clock, shared with the processes that were started with it. A process that asks for the time sees a change at once;
/// Redis asks now and then.
#[derive(Clone, Debug)]
pub struct FakeClock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    library: PathBuf,
    directory: Directory,
}

/// The file that the library reads each time somebody asks what time it is.
const OFFSET: &str = "offset";

impl FakeClock {
    /// Whether this machine can have one, or why not; the library is fetched if it has to be.
    ///
    /// # Errors
    /// The reason, for a person.
    pub fn available() -> Result<()> {
        library::find().map(drop)
    }

    /// Makes one that shows the true time.
    ///
    /// # Errors
    /// As [`Self::available`].
    pub fn new() -> Result<Self> {
        let library = library::find()?;
        let directory = ScratchDir::get()?.directory("clock")?;
        let clock = Self { inner: Arc::new(Inner { library, directory }) };
        clock.put_right()?;
        Ok(clock)
    }

    /// From now on it is ahead of the true time by this much.
    ///
    /// # Errors
    /// When its file can't be written.
    pub fn put_ahead(&self, by: Duration) -> Result<()> {
        self.set(&format!("+{}", by.as_secs_f64()))
    }

    /// From now on it is behind the true time by this much.
    ///
    /// # Errors
    /// When its file can't be written.
    pub fn put_behind(&self, by: Duration) -> Result<()> {
        self.set(&format!("-{}", by.as_secs_f64()))
    }

    /// Shows the true time again.
    ///
    /// # Errors
    /// When its file can't be written.
    pub fn put_right(&self) -> Result<()> {
        self.set("+0")
    }

    /// Replaces the file as a whole: it is read at any moment.
    fn set(&self, offset: &str) -> Result<()> {
        let file = self.file();
        let new = file.with_extension("new");
        fs::write(&new, format!("{offset}\n")).with_context(|| format!("write {}", new.display()))?;
        fs::rename(&new, &file).with_context(|| format!("write {}", file.display()))
    }

    fn file(&self) -> PathBuf {
        self.inner.directory.path().join(OFFSET)
    }

    /// What a process needs in its environment to go by this clock.
    pub(crate) fn env(&self) -> Vec<(OsString, OsString)> {
        // Without a cache, or a change is seen seconds later. FAKETIME_XRESET would cancel each change.
        vec![
            ("LD_PRELOAD".into(), self.inner.library.clone().into()),
            ("FAKETIME_TIMESTAMP_FILE".into(), self.file().into()),
            ("FAKETIME_NO_CACHE".into(), "1".into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC".into(), "1".into()),
        ]
    }
}
