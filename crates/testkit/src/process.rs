//! A child process in a group of its own that dies with its handle and with this process.

use std::{
    ffi::OsString,
    fs,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::sync::mpsc::UnboundedSender;

use crate::{paths, poll::poll, scratch_dir::ScratchDir, tree, user::User};

/// For a signal that stops a process to take effect.
const STOPPING: Duration = Duration::from_secs(1);

/// How to start a program, and start it again in the same way. Its environment is `env` and nothing else.
#[derive(Debug)]
pub(crate) struct Launch {
    /// What to call it in messages.
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<OsString>,
    pub(crate) env: Vec<(OsString, OsString)>,
    pub(crate) directory: PathBuf,
    pub(crate) user: Option<User>,
    /// Asks it to stop in an orderly way.
    pub(crate) stop: Signal,
    /// Postgres: it forks processes that leave its group, and wants SIGQUIT so that it frees its shared memory.
    pub(crate) forks: bool,
    /// Gets each line of its output besides the log.
    pub(crate) echo: Option<UnboundedSender<String>>,
}

/// A program that may be running or not.
#[derive(Debug)]
pub(crate) struct Process {
    launch: Launch,
    log: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    child: Option<Child>,
    /// Set once: its number may be another's by the next time that somebody asks.
    exited: Option<ExitStatus>,
    /// Processes outside the group that are stopped together with it.
    paused: Option<Vec<Pid>>,
}

impl Process {
    /// Does not start it yet.
    pub(crate) fn new(launch: Launch) -> Self {
        let log = launch.directory.join("log");
        Self { launch, log, state: Mutex::default() }
    }

    pub(crate) fn name(&self) -> &str {
        &self.launch.name
    }

    /// Starts it, unless it is running; whether it is ready is another question.
    pub(crate) fn start(&self) -> Result<()> {
        let mut state = self.state();
        if state.leader().is_some() {
            return Ok(());
        }
        let space = ScratchDir::get()?;
        let mut command = Command::new(&self.launch.program);
        command
            .args(&self.launch.args)
            .env_clear()
            .envs(self.launch.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.launch.directory)
            .stdin(Stdio::null())
            .process_group(0);
        if let Some(user) = self.launch.user {
            command.uid(user.uid).gid(user.gid);
        }
        crate::output::redirect(&mut command, &self.log, self.launch.echo.clone())?;
        let child = command
            .spawn()
            .with_context(|| format!("start {} ({})", self.launch.name, self.launch.program.display()))?;
        space.watchdog.watch(pid_of(&child), self.launch.forks)?;
        *state = State { child: Some(child), ..State::default() };
        Ok(())
    }

    /// The process number, the same until it is started again.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.state().child.as_ref().map(Child::id)
    }

    /// Its exit status, if it has been started and has ended.
    pub(crate) fn exit_status(&self) -> Result<Option<ExitStatus>> {
        self.state().exit_status()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state().leader().is_some()
    }

    /// Sends a signal to its group.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        let mut state = self.state();
        let leader = state.leader().with_context(|| format!("{} is not running", self.launch.name))?;
        kill_process_group(leader, signal).with_context(|| format!("send {signal:?} to {}", self.launch.name))
    }

    /// Stops it where it is, its children included, until [`Self::resume`].
    pub(crate) fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)?;
        let mut state = self.state();
        let mut children = Vec::new();
        let leader = state.leader();
        if let Some(leader) = leader {
            // What it still does after this would be taken for something that it does while it is stopped.
            wait_blocking(STOPPING, || tree::is_stopped(leader));
        }
        if let (true, Some(leader)) = (self.launch.forks, leader) {
            children = tree::children(leader);
            for child in &children {
                tree::signal(*child, Signal::STOP);
                // A stopped process does not notice that its parent died.
                ScratchDir::get()?.watchdog.watch(*child, false)?;
            }
        }
        state.paused = Some(children);
        Ok(())
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.state().paused.is_some()
    }

    /// Lets it go on after [`Self::pause`]; else without effect.
    pub(crate) fn resume(&self) -> Result<()> {
        let paused = self.state().paused.take();
        for child in paused.into_iter().flatten() {
            tree::signal(child, Signal::CONT);
            ScratchDir::get()?.watchdog.forget(child)?;
        }
        self.signal(Signal::CONT)
    }

    /// Kills it and its children as a power cut would, and waits until they are gone.
    pub(crate) fn kill(&self) -> Result<()> {
        let mut state = self.state();
        let Some(leader) = state.leader() else { return Ok(()) };
        let mut children = Vec::new();
        if self.launch.forks {
            // Stopped first, it neither forks more of them nor reacts to the death of one.
            let _ = kill_process_group(leader, Signal::STOP);
            wait_blocking(STOPPING, || tree::is_stopped(leader));
            children = tree::children(leader);
            children.iter().for_each(|child| tree::signal(*child, Signal::KILL));
        }
        let _ = kill_process_group(leader, Signal::KILL);
        if let Some(child) = state.child.as_mut() {
            let status = child.wait().with_context(|| format!("wait for {}", self.launch.name))?;
            state.ended(leader, status)?;
        }
        if !wait_blocking(Duration::from_secs(5), || children.iter().all(|child| tree::is_gone(*child))) {
            bail!("{}: children {children:?} are still there after kill -9", self.launch.name);
        }
        Ok(())
    }

    /// Asks it to stop and waits until it has; kills it and fails when that takes longer than `limit`.
    pub(crate) async fn stop(&self, limit: Duration) -> Result<()> {
        if !self.is_running() {
            return Ok(());
        }
        self.resume()?;
        self.signal(self.launch.stop)?;
        match self.wait_exit(limit).await {
            Ok(_) => Ok(()),
            Err(error) => {
                self.kill()?;
                Err(error.context("it was killed"))
            }
        }
    }

    /// Waits for its end.
    pub(crate) async fn wait_exit(&self, limit: Duration) -> Result<ExitStatus> {
        let exited = async || match self.exit_status() {
            Ok(None) => Err(format!("{} is running", self.launch.name)),
            Ok(Some(status)) => Ok(Ok(status)),
            Err(error) => Ok(Err(error)),
        };
        match poll(limit, exited).await {
            Ok(status) => status,
            Err(_) => {
                bail!("{} has not ended within {limit:?}; its log ends:\n{}", self.launch.name, self.tail())
            }
        }
    }

    /// Waits until `probe` answers `Ok`; fails at once when the process ends instead.
    pub(crate) async fn ready(
        &self,
        limit: Duration,
        mut probe: impl AsyncFnMut() -> Result<(), String>,
    ) -> Result<()> {
        let name = &self.launch.name;
        let state = poll(limit, async || {
            if let Some(status) = self.exit_status().map_err(|error| error.to_string())? {
                return Ok(Some(status));
            }
            probe().await.map(|()| None)
        })
        .await;
        match state {
            Ok(None) => Ok(()),
            Ok(Some(status)) => {
                bail!("{name} ended ({status}) before it was ready; its log ends:\n{}", self.tail())
            }
            Err(last) => {
                bail!("{name} is not ready after {limit:?}: {last}; its log ends:\n{}", self.tail())
            }
        }
    }

    /// All that it wrote so far, to stdout and stderr, over all its lives.
    pub(crate) fn log(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn exit_status(&mut self) -> Result<Option<ExitStatus>> {
        let (None, Some(child)) = (self.exited, self.child.as_mut()) else { return Ok(self.exited) };
        if let Some(status) = child.try_wait().context("ask for the exit status")? {
            let leader = pid_of(child);
            self.ended(leader, status)?;
        }
        Ok(self.exited)
    }

    fn ended(&mut self, leader: Pid, status: ExitStatus) -> Result<()> {
        self.exited = Some(status);
        let watchdog = &ScratchDir::get()?.watchdog;
        self.paused.take().into_iter().flatten().chain([leader]).try_for_each(|pid| watchdog.forget(pid))
    }

    /// The running process, which leads its group.
    fn leader(&mut self) -> Option<Pid> {
        match self.exit_status() {
            Ok(None) => self.child.as_ref().map(pid_of),
            _ => None,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            paths::say(&format!("the log of {} ends:\n{}", self.launch.name, self.tail()));
        }
        if self.launch.forks && self.state().paused.is_none() && self.signal(Signal::QUIT).is_ok() {
            wait_blocking(Duration::from_secs(2), || !self.is_running());
        }
        if let Err(error) = self.kill() {
            paths::say(&format!("{error:#}"));
        }
    }
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_child(child)
}

#[expect(clippy::disallowed_methods, reason = "a drop can't await, and this takes milliseconds")]
fn wait_blocking(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    while !done() {
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}
