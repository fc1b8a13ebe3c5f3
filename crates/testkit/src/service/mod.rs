//! Our own binaries, started as a stranger would: from plain environment variables.

mod build;
mod http;

use std::{ffi::OsString, path::PathBuf, process::ExitStatus, time::Duration};

use anyhow::{Context, Result};
use rustix::process::Signal;
use tokio::sync::mpsc::UnboundedSender;

pub use build::{build, build_in, locate};
pub use http::get as http_get;

use crate::{
    FakeClock, paths,
    port::Port,
    process::{Launch, Process},
    scratch_dir::{Directory, ScratchDir},
};

/// A process of one of our services. Killed when it is dropped or this process dies.
#[derive(Debug)]
pub struct ServiceProcess {
    // Fields are dropped in this order: the process before what it uses.
    process: Process,
    port: Port,
    _directory: Directory,
    _clock: Option<FakeClock>,
}

/// What to start, see [`ServiceProcess::command`].
#[derive(Debug)]
pub struct ServiceBuilder {
    binary: Binary,
    name: String,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    echo: Option<UnboundedSender<String>>,
    clock: Option<FakeClock>,
}

#[derive(Debug)]
enum Binary {
    /// A binary of this workspace, built first when it has to be.
    Ours(String),
    At(PathBuf),
}

impl ServiceProcess {
    /// The path of the binary `name` of the package `name`, in the profile of this executable; it is built first
    /// when its sources are newer.
    ///
    /// # Errors
    /// When it does not compile; with the compiler's words.
    pub fn build_and_locate(name: &str) -> Result<PathBuf> {
        build::locate(name)
    }

    /// Prepares a process of the binary `name`. Its environment is empty but for `PATH`, an `HTTP_ADDR` with a free
    /// port, and what is given here.
    pub fn command(name: &str) -> ServiceBuilder {
        ServiceBuilder::new(Binary::Ours(String::from(name)), name)
    }

    /// The same with any program that takes `HTTP_ADDR` and answers `GET /readyz`.
    pub fn program(path: impl Into<PathBuf>) -> ServiceBuilder {
        let path = path.into();
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        ServiceBuilder::new(Binary::At(path), &name)
    }

    /// What it is called in messages.
    pub fn name(&self) -> &str {
        self.process.name()
    }

    /// `kill -9`, and waits until it is gone.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub async fn kill(&self) -> Result<()> {
        self.process.kill()
    }

    /// Sends SIGTERM and does not wait: see [`Self::wait_exit`].
    ///
    /// # Errors
    /// When it is not running.
    pub fn terminate(&self) -> Result<()> {
        self.process.signal(Signal::TERM)
    }

    /// Sends SIGINT, as Ctrl-C does, and does not wait.
    ///
    /// # Errors
    /// When it is not running.
    pub fn interrupt(&self) -> Result<()> {
        self.process.signal(Signal::INT)
    }

    /// Stops it where it is, as `kill -STOP` does.
    ///
    /// # Errors
    /// When it is not running.
    pub fn pause(&self) -> Result<()> {
        self.process.pause()
    }

    /// Lets it go on after [`Self::pause`].
    ///
    /// # Errors
    /// When it is not running.
    pub fn resume(&self) -> Result<()> {
        self.process.resume()
    }

    /// Starts it again with the same port and environment, after a kill when it is running.
    ///
    /// # Errors
    /// When it can't be started; whether it gets ready is for [`Self::ready`].
    pub async fn restart(&self) -> Result<()> {
        self.process.kill()?;
        self.process.start()
    }

    /// Waits until it has ended by itself or after a signal.
    ///
    /// # Errors
    /// When it is still running after `limit`; with the end of its log.
    pub async fn wait_exit(&self, limit: Duration) -> Result<ExitStatus> {
        self.process.wait_exit(limit).await
    }

    /// Waits until `GET /readyz` answers 200.
    ///
    /// # Errors
    /// When it has ended, or answers otherwise after `limit`; with the last answer and the end of its log.
    pub async fn ready(&self, limit: Duration) -> Result<()> {
        let probe = async || match self.get("/readyz").await {
            Ok((200, _)) => Ok(()),
            Ok((status, body)) => Err(format!("/readyz answers {status}: {}", body.trim_end())),
            Err(error) => Err(format!("{error:#}")),
        };
        self.process.ready(limit, probe).await
    }

    /// Status and body of a GET of this path.
    ///
    /// # Errors
    /// When it does not answer within 5 s.
    pub async fn get(&self, path: &str) -> Result<(u16, String)> {
        http::get(self.port.number(), path).await
    }

    /// `http://127.0.0.1:<port>`, the same over all restarts.
    pub fn http_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }

    /// The TCP port on loopback that it was given, the same over all restarts.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The number of its process, or of the last one when it is not running.
    pub fn pid(&self) -> u32 {
        self.process.pid().unwrap_or_default()
    }

    /// Whether its process is there, paused or not.
    pub fn is_running(&self) -> bool {
        self.process.is_running()
    }

    /// All that it wrote so far, to stdout and stderr, over all its lives.
    pub fn log(&self) -> String {
        self.process.log()
    }
}

impl ServiceBuilder {
    fn new(binary: Binary, name: &str) -> Self {
        Self { binary, name: String::from(name), args: Vec::new(), env: Vec::new(), echo: None, clock: None }
    }

    /// Adds an argument to its command line. Our own services take none.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.args.push(argument.into());
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// What to call it in messages, where there is more than one of its kind.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Also sends each line of its output here; the log has them anyway.
    #[must_use]
    pub fn echo(mut self, lines: UnboundedSender<String>) -> Self {
        self.echo = Some(lines);
        self
    }

    /// Has it go by this clock.
    #[must_use]
    pub fn clock(mut self, clock: &FakeClock) -> Self {
        self.clock = Some(clock.clone());
        self
    }

    /// Starts it, and does not wait until it is ready.
    ///
    /// # Errors
    /// When it does not compile or can't be started.
    pub async fn spawn(self) -> Result<ServiceProcess> {
        let program = match self.binary {
            Binary::At(path) => path,
            // A build takes minutes, and others on this runtime want to go on meanwhile.
            Binary::Ours(name) => tokio::task::spawn_blocking(move || build::locate(&name))
                .await
                .context("build in a thread of its own")??,
        };
        let directory = ScratchDir::get()?.directory(&self.name)?;
        let port = Port::take()?;
        let address = format!("127.0.0.1:{}", port.number());
        let mut env: Vec<(OsString, OsString)> = vec![("HTTP_ADDR".into(), address.into())];
        env.extend(paths::variable("PATH").map(|path| ("PATH".into(), path)));
        env.extend(self.clock.iter().flat_map(FakeClock::env));
        // What was given comes last and wins.
        env.extend(self.env);
        let launch = Launch {
            name: self.name,
            program,
            args: self.args,
            env,
            directory: directory.path().to_path_buf(),
            user: None,
            stop: Signal::TERM,
            forks: false,
            echo: self.echo,
        };
        let process = Process::new(launch);
        process.start()?;
        Ok(ServiceProcess { process, port, _directory: directory, _clock: self.clock })
    }
}
