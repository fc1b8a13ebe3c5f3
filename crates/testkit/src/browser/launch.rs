//! The process of a Chromium.

use std::{
    fs,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

use super::pipe::{Listener, Pipe};
use crate::{
    find, paths,
    scratch_dir::{Directory, ScratchDir},
};

/// Chromium wants the two pipes at 3 and 4; a shell can put them there, and Rust could not without `unsafe`.
const AT_3_AND_4: &str = "exec 3<&0 4>&1 0</dev/null 1>&2; exec \"$@\"";

/// Only pages of this machine are opened, and a sandbox needs what root and many containers do not have. What asks
/// the network by itself is off.
const FLAGS: [&str; 17] = [
    "--remote-debugging-pipe",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-sync",
    "--disable-breakpad",
    "--no-first-run",
    "--no-proxy-server",
    "--hide-scrollbars",
    // Pages in the background are somebody's who looks at them.
    "--disable-features=Translate,MediaRouter,OptimizationHints,CalculateNativeWinOcclusion",
];

/// A Chromium that runs; killed when it is dropped or this process dies.
#[derive(Debug)]
pub(super) struct Chromium {
    pipe: Pipe,
    child: Mutex<Child>,
    log: PathBuf,
    // Removed after the process has ended.
    _directory: Directory,
}

impl Chromium {
    pub(super) fn start() -> Result<Self> {
        let program = find::chromium()?;
        let space = ScratchDir::get()?;
        let directory = space.directory("chromium")?;
        let log = directory.path().join("log");
        let errors = fs::File::create(&log).with_context(|| format!("write {}", log.display()))?;
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", AT_3_AND_4, "chromium"])
            .arg(&program.path)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", directory.path().join("profile").display()))
            .envs(fonts(&program.path, directory.path())?)
            // Its cache and settings of the user who runs the tests are none of its business.
            .env("HOME", directory.path())
            .env("TZ", "UTC")
            .env_remove("DISPLAY")
            .current_dir(directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .process_group(0);
        let mut child =
            command.spawn().with_context(|| format!("start Chromium ({})", program.path.display()))?;
        space.watchdog.watch(Pid::from_child(&child), false)?;
        let commands = child.stdin.take().context("the pipe to Chromium")?;
        let answers = child.stdout.take().context("the pipe from Chromium")?;
        let pipe = Pipe::new(commands, answers);
        Ok(Self { pipe, child: Mutex::new(child), log, _directory: directory })
    }

    /// Gives a command, of the browser itself or of a page's session.
    pub(super) async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Result<Value> {
        self.pipe.call(session, method, params).await.with_context(|| self.last_words(method))
    }

    pub(super) fn tell(&self, session: Option<&str>, method: &str, params: &Value) -> Result<()> {
        self.pipe.tell(session, method, params)
    }

    pub(super) fn listen(&self, session: &str, listener: Listener) {
        self.pipe.listen(session, listener);
    }

    pub(super) fn forget(&self, session: &str) {
        self.pipe.forget(session);
    }

    /// Empty while it runs: its log says little that is of interest then.
    fn last_words(&self, method: &str) -> String {
        let ended = self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait();
        match ended {
            Ok(Some(status)) => {
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                let lines: Vec<_> = log.lines().collect();
                let last = lines[lines.len().saturating_sub(15)..].join("\n");
                format!("Chromium has ended ({status}); its log ends:\n{last}")
            }
            _ => format!("ask Chromium for {method}"),
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let leader = Pid::from_child(&child);
        let _ = kill_process_group(leader, Signal::KILL);
        if child.wait().is_ok()
            && let Ok(space) = ScratchDir::get()
        {
            let _ = space.watchdog.forget(leader);
        }
    }
}

/// A machine without a browser may have no fonts either: then those that were fetched with it are used.
fn fonts(program: &Path, directory: &Path) -> Result<Option<(&'static str, PathBuf)>> {
    let Some(fetched) = find::fetched_fonts(program) else { return Ok(None) };
    let file = directory.join("fonts.conf");
    let text = format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">\n<fontconfig>\n\
         <dir>/usr/share/fonts</dir>\n<dir>{}</dir>\n<cachedir>{}</cachedir>\n</fontconfig>\n",
        fetched.display(),
        paths::dev().join("fontconfig").display()
    );
    fs::write(&file, text).with_context(|| format!("write {}", file.display()))?;
    Ok(Some(("FONTCONFIG_FILE", file)))
}
