//! Whom to ask, and as whom: from flags, variables and a file. Every mistake is named at once.

mod file;

use std::{
    fmt,
    io::Read as _,
    path::{Path, PathBuf},
};

use http_common::BaseUrl;
use process::config::Environment;
use secrecy::{ExposeSecret as _, SecretString};

use crate::cli::Connection;
use file::File;

/// Below the directory of settings.
const FILE: &str = "ticketing/fleet.toml";
/// As long as console takes them at least.
const SHORTEST_TOKEN: usize = 32;

/// Address and token.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Where console is.
    pub(crate) console: BaseUrl,
    /// As whom to ask.
    pub(crate) token: SecretString,
    /// What is not as it should be, and no mistake.
    pub(crate) warnings: Vec<String>,
}

/// Every mistake, on a line of its own.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = if self.0.len() == 1 { "1 mistake" } else { &format!("{} mistakes", self.0.len()) };
        write!(f, "{many} in the settings:")?;
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl Settings {
    /// Reads them: a flag goes before a variable, and that before the file.
    ///
    /// # Errors
    /// All that is missing or wrong.
    pub(crate) fn read(flags: &Connection, mut env: Environment) -> Result<Self, Mistakes> {
        let mut mistakes = Mistakes::default();
        let as_text = |text: &str| Ok::<_, String>(text.to_owned());
        let console = env.optional("FLEET_CONSOLE", "the address of `console`", as_text);
        let token = env.optional_secret("FLEET_TOKEN", "the operator's token", |_| Ok(()));
        let config = env.optional("FLEET_CONFIG", "the file of settings", as_text).map(PathBuf::from);
        let file = file(flags.config.clone().or(config), &mut env, &mut mistakes);
        let console = flags
            .console
            .clone()
            .map(|url| ("--console", url))
            .or(console.map(|url| ("FLEET_CONSOLE", url)))
            .or(file.console.clone().map(|url| ("`console` in the file", url)));
        let console = match console {
            None => mistakes.about(
                "the address of console is missing: give --console, FLEET_CONSOLE or `console = \"http://127.0.0.1:8090\"` in \
                 the file",
            ),
            Some((name, url)) => {
                BaseUrl::parse(&url).or_else(|wrong| mistakes.about(&format!("{name}: {wrong}")).ok_or(())).ok()
            }
        };
        let token = match &flags.token_file {
            Some(path) => token_in(path)
                .or_else(|wrong| mistakes.about(&format!("--token-file: {wrong}")).ok_or(()))
                .ok(),
            None => token.or(file.token).or_else(|| {
                mistakes.about(
                    "the token is missing: give --token-file, FLEET_TOKEN or `token = \"...\"` in the file",
                )
            }),
        };
        let token = token.and_then(|token| fit(token).map_err(|wrong| mistakes.0.push(wrong)).ok());
        if let Err(wrong) = env.finish(Some(())) {
            mistakes.0.push(wrong.to_string());
        }
        match (console, token) {
            (Some(console), Some(token)) if mistakes.0.is_empty() => {
                Ok(Self { console, token, warnings: file.warnings })
            }
            _ => Err(mistakes),
        }
    }
}

impl Mistakes {
    /// Notes one; there is no value then.
    fn about<T>(&mut self, mistake: &str) -> Option<T> {
        self.0.push(mistake.to_owned());
        None
    }
}

/// The file that is named, which has to be there, or the one at the usual place, which need not.
fn file(named: Option<PathBuf>, env: &mut Environment, mistakes: &mut Mistakes) -> File {
    let as_path = |text: &str| Ok::<_, String>(PathBuf::from(text));
    let home = env.optional("HOME", "where settings are", as_path).map(|home| home.join(".config"));
    let usual = env.optional("XDG_CONFIG_HOME", "where settings are", as_path).or(home);
    let (path, is_named) = match (named, usual) {
        (Some(path), _) => (path, true),
        (None, Some(usual)) => (usual.join(FILE), false),
        (None, None) => return File::default(),
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let (mut file, wrong) = File::parse(&text);
            mistakes.0.extend(wrong.into_iter().map(|wrong| format!("{}: {wrong}", path.display())));
            file.judge(&path);
            file
        }
        Err(error) if !is_named && error.kind() == std::io::ErrorKind::NotFound => File::default(),
        Err(error) => {
            mistakes.0.push(format!("{}: {error}", path.display()));
            File::default()
        }
    }
}

/// The token in a file, without the line's end.
fn token_in(path: &Path) -> Result<SecretString, String> {
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).map(|_| ())
    } else {
        std::fs::read_to_string(path).map(|read| text = read)
    };
    read.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(SecretString::from(text.trim().to_owned()))
}

/// A token travels in a header. What is wrong with it is said without showing it.
fn fit(token: SecretString) -> Result<SecretString, String> {
    let text = token.expose_secret();
    if text.len() < SHORTEST_TOKEN {
        return Err(format!("the token is too short: it has at least {SHORTEST_TOKEN} characters"));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the token has a character that no token has, such as a blank".to_owned());
    }
    Ok(token)
}

#[cfg(test)]
mod tests;
