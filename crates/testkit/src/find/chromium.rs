//! The search for a Chromium.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{
    debian::Debian,
    program::{Program, check},
    version::Version,
};
use crate::paths;

const VARIABLE: &str = "CHROMIUM_BIN";
/// What `Emulation.setFocusEmulationEnabled` and today's CSS need.
const OLDEST: Version = Version(120, 0);
/// Distributions and Google call it differently.
const NAMES: [&str; 6] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
    "chrome",
    "chromium-headless-shell",
];
/// Where macOS keeps programs with a window.
const APPLICATIONS: [&str; 2] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// Without windows it needs half of the libraries. A bare machine has neither fonts nor zlib.
const DEBIAN: Debian = Debian {
    packages: &["chromium-headless-shell", "chromium-common", "fonts-dejavu-core", "zlib1g"],
    directory: "usr/lib/chromium",
    binaries: &["chromium-headless-shell"],
};

/// Takes the first that is there and new enough, else fetches one, and says so.
pub(super) fn find() -> Result<Program> {
    let mut refused = Vec::new();
    let (program, place) = search(&mut refused)?;
    let refused =
        if refused.is_empty() { String::new() } else { format!("; not {}", refused.join(", not ")) };
    paths::say(&format!("Chromium: {}, {place} ({}){refused}", program.version, program.path.display()));
    Ok(program)
}

fn search(refused: &mut Vec<String>) -> Result<(Program, &'static str)> {
    if let Some(given) = paths::variable(VARIABLE) {
        return Ok((check(&PathBuf::from(given), OLDEST)?, "as given"));
    }
    for path in on_this_machine() {
        match check(&path, OLDEST) {
            Ok(program) => return Ok((program, "found on this machine")),
            Err(error) => refused.push(format!("{error:#}")),
        }
    }
    match DEBIAN.fetch().and_then(|path| check(&path, OLDEST)) {
        Ok(program) => Ok((program, "out of Debian's packages in the cache .dev/")),
        Err(error) => bail!(
            "Chromium {OLDEST} or newer is needed for the browser tests. Put it on PATH (on Debian: sudo apt-get install \
             --yes chromium), or name it in {VARIABLE}. What was tried: {error:#}{}",
            refused.iter().map(|text| format!("; {text}")).collect::<String>(),
        ),
    }
}

fn on_this_machine() -> impl Iterator<Item = PathBuf> {
    let path = paths::variable("PATH").unwrap_or_default();
    let directories: Vec<_> = std::env::split_paths(&path).collect();
    let named = NAMES
        .into_iter()
        .flat_map(move |name| directories.iter().map(|directory| directory.join(name)).collect::<Vec<_>>());
    named.chain(APPLICATIONS.map(PathBuf::from)).filter(|path| path.is_file())
}

/// Where the fonts lie that were fetched with this Chromium; none when it is the machine's own.
pub(crate) fn fetched_fonts(program: &Path) -> Option<PathBuf> {
    let fonts = program.parent()?.parent()?.join("lib/usr/share/fonts");
    fonts.is_dir().then_some(fonts)
}
