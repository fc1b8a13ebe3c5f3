//! Reads variables one by one and keeps every mistake for the end.

use std::{
    collections::HashMap,
    ffi::OsString,
    fmt::{self, Display},
};

use secrecy::SecretString;
use serde::Serialize;

use super::Mistakes;

/// A set of environment variables, and the mistakes found in it so far.
///
/// Readers answer `None` for a mistake as well as for a missing variable: read everything first, use `?` after that,
/// and let [`Environment::finish`] say what is wrong. A variable that is empty or blank counts as missing.
///
/// Each reader is told what the variable means, for the documentation: see [`Environment::known`].
///
/// A parser's error text is shown, so it names the value where that cannot be a secret, and what is expected instead.
pub struct Environment {
    variables: HashMap<String, OsString>,
    mistakes: Mistakes,
    known: Vec<Variable>,
}

/// A variable that a process asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it is for, for the one who sets it: in Markdown, without a full stop.
    pub meaning: &'static str,
    /// What it is when it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<&'static str>,
    /// Whether it must be there.
    pub required: bool,
}

impl Environment {
    /// The environment of this process. Called once, by [`crate::run()`].
    pub fn from_process() -> Self {
        // A name that is not UTF-8 is none of ours.
        Self::from_pairs(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))),
        )
    }

    /// An environment that a test makes up.
    pub fn from_pairs<N: Into<String>, V: Into<OsString>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let variables = pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { variables, mistakes: Mistakes::none(), known: Vec::new() }
    }

    /// What `read` makes of an environment that a test makes up.
    ///
    /// # Errors
    /// Every mistake in it, as a start would report them.
    pub fn judge<T>(pairs: &[(&str, &str)], read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, String> {
        let mut env = Self::from_pairs(pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)));
        let settings = read(&mut env);
        env.finish(settings).map_err(|mistakes| mistakes.to_string())
    }

    /// Every variable that was asked for so far.
    pub fn known(&self) -> &[Variable] {
        &self.known
    }

    fn know(&mut self, name: &str, meaning: &'static str, default: Option<&'static str>, required: bool) {
        if self.known.iter().all(|variable| variable.name != name) {
            self.known.push(Variable { name: name.to_owned(), meaning, default, required });
        }
    }

    /// The variable `name` if it is there.
    pub fn optional<T, E: Display>(
        &mut self,
        name: &str,
        meaning: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.know(name, meaning, None, false);
        let value = self.text(name)?;
        self.parsed(name, value.trim(), parse)
    }

    /// The variable `name`, or `default`, which goes through the same parser.
    pub fn or<T, E: Display>(
        &mut self,
        name: &str,
        meaning: &'static str,
        default: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.know(name, meaning, Some(default), false);
        let value = if self.is_set(name) { self.text(name)? } else { default.to_owned() };
        self.parsed(name, value.trim(), parse)
    }

    /// The variable `name`, which must be there. `expected` says what it is, with an example.
    pub fn required<T, E: Display>(
        &mut self,
        name: &str,
        meaning: &'static str,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        self.know(name, meaning, None, true);
        if !self.is_set(name) {
            self.mistake(name, format!("is missing; expected {expected}"));
        }
        self.optional(name, meaning, parse)
    }

    /// The secret `name` if it is there, byte for byte (not trimmed: another service may hold the same secret).
    /// `check` answers with a fixed text, which cannot show the value.
    pub fn optional_secret(
        &mut self,
        name: &str,
        meaning: &'static str,
        check: impl FnOnce(&str) -> Result<(), &'static str>,
    ) -> Option<SecretString> {
        self.know(name, meaning, None, false);
        let value = self.text(name)?;
        self.parsed(name, &value, check)?;
        Some(SecretString::from(value))
    }

    /// The secret `name`, which must be there. `expected` says what it is, with an example; see
    /// [`Environment::optional_secret`].
    pub fn required_secret(
        &mut self,
        name: &str,
        meaning: &'static str,
        expected: &'static str,
        check: impl FnOnce(&str) -> Result<(), &'static str>,
    ) -> Option<SecretString> {
        self.know(name, meaning, None, true);
        if !self.is_set(name) {
            self.mistake(name, format!("is missing; expected {expected}"));
        }
        self.optional_secret(name, meaning, check)
    }

    /// Whether `name` has a value, right or wrong. For rules that span several variables.
    pub fn is_set(&self, name: &str) -> bool {
        self.variables.get(name).is_some_and(|value| !value.to_string_lossy().trim().is_empty())
    }

    /// The variable `name` if it is there and text, for who only looks at what another reader lists and judges.
    pub(crate) fn unlisted(&self, name: &str) -> Option<String> {
        let value = self.is_set(name).then(|| self.variables.get(name)).flatten()?;
        value.to_str().map(|text| text.trim().to_owned())
    }

    /// Adds a mistake about `name`. For rules that span several variables.
    pub fn mistake(&mut self, name: &str, text: impl Into<String>) {
        self.mistakes.add(name, text.into());
    }

    /// The settings, if no variable was wrong.
    ///
    /// # Errors
    /// Every mistake found since this environment was made.
    pub fn finish<T>(mut self, settings: Option<T>) -> Result<T, Mistakes> {
        if settings.is_none() && self.mistakes.is_empty() {
            self.mistake(
                "(settings)",
                "incomplete, though no variable is wrong: this is a defect, please report it",
            );
        }
        match settings {
            Some(settings) if self.mistakes.is_empty() => Ok(settings),
            _ => Err(self.mistakes),
        }
    }

    /// The value of `name`; a blank one is none, and one that is not text is a mistake.
    fn text(&mut self, name: &str) -> Option<String> {
        if !self.is_set(name) {
            return None;
        }
        let value = self.variables.get(name)?.to_str().map(str::to_owned);
        if value.is_none() {
            self.mistake(name, "is not valid UTF-8; expected text");
        }
        value
    }

    fn parsed<T, E: Display>(
        &mut self,
        name: &str,
        value: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        parse(value).map_err(|wrong| self.mistake(name, wrong.to_string())).ok()
    }
}

/// Some of the variables are secrets, and it is not known which.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("mistakes", &self.mistakes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use secrecy::ExposeSecret;

    use super::*;
    use crate::config::{CommonSettings, duration, parse};

    fn mistakes_of<T>(env: Environment, settings: Option<T>) -> String {
        env.finish(settings).err().expect("the settings are wrong").to_string()
    }

    #[test]
    fn every_mistake_is_reported_at_once_on_a_line_of_its_own() {
        let mut env = Environment::from_pairs([
            ("HTTP_ADDR", ":3000"),
            ("SHUTDOWN_TIMEOUT", "20"),
            ("LOG_FORMAT", "xml"),
            ("RUST_LOG", "orders=loud"),
        ]);
        let common = CommonSettings::read(&mut env);
        let key = env.required_secret("JWT_KEY", "a key", "a long random text", |_| Ok(()));
        env.mistake("REDIS_HOST", "is set together with REDIS_URL; expected one of them");
        let text = mistakes_of(env, common.zip(key));
        let lines: Vec<_> = text.lines().collect();
        let expected = [
            "6 mistakes in the environment variables:",
            "  HTTP_ADDR: `:3000` is not an address; expected an IP address and a port, such as 0.0.0.0:3000",
            "  SHUTDOWN_TIMEOUT: `20` has no unit; expected",
            "  LOG_FORMAT: `xml` is not a log format; expected text or json",
            "  RUST_LOG: `orders=loud` is not a log filter",
            "  JWT_KEY: is missing; expected a long random text",
            "  REDIS_HOST: is set together with REDIS_URL",
        ];
        assert_eq!(lines.len(), expected.len(), "{text}");
        for (line, begin) in lines.iter().zip(expected) {
            assert!(line.starts_with(begin), "{line}\ndoes not begin with\n{begin}");
        }
    }

    #[test]
    fn an_empty_environment_gives_the_documented_defaults() {
        let mut env = Environment::from_pairs([("LOG_FORMAT", ""), ("HTTP_ADDR", "  ")]);
        let common = CommonSettings::read(&mut env);
        let common = env.finish(common).unwrap();
        assert_eq!(common.http_addr.to_string(), "[::]:3000");
        assert_eq!(common.shutdown_timeout, std::time::Duration::from_secs(20));
        assert_eq!(common.log.filter, "info,async_nats=warn");
    }

    #[test]
    fn every_variable_that_was_asked_for_is_known_once_with_its_default() {
        let mut env = Environment::from_pairs([("GIVEN", "7")]);
        env.or("GIVEN", "a test", "5", parse::number_in(1..=9));
        env.optional("MAY", "a test", duration::parse);
        for _ in 0..2 {
            env.required_secret("MUST", "a test", "a key", |_| Ok(()));
        }
        let variable = |name: &str, default, required| Variable {
            name: name.to_owned(),
            meaning: "a test",
            default,
            required,
        };
        let expected =
            [variable("GIVEN", Some("5"), false), variable("MAY", None, false), variable("MUST", None, true)];
        assert_eq!(env.known(), expected);
    }

    #[test]
    fn a_secret_is_kept_byte_for_byte_and_never_shown() {
        let mut env = Environment::from_pairs([("GOOD", " hunter2\n"), ("BAD", "hunter2")]);
        let good = env.required_secret("GOOD", "a test", "a key", |_| Ok(()));
        assert_eq!(good.as_ref().map(|secret| secret.expose_secret()), Some(" hunter2\n"));
        let bad = env.optional_secret("BAD", "a test", |_| Err("is too short; expected 32 characters"));
        let text = mistakes_of(env, bad);
        assert_eq!(
            text,
            "1 mistake in the environment variables:\n  BAD: is too short; expected 32 characters"
        );
        assert!(!format!("{good:?}").contains("hunter2"));
    }

    #[test]
    fn a_value_that_is_not_utf_8_is_a_mistake_and_no_panic() {
        let mut env = Environment::from_pairs([("KEY", OsString::from_vec(vec![b'a', 0xff]))]);
        let key = env.required_secret("KEY", "a test", "a key", |_| Ok(()));
        assert!(mistakes_of(env, key).ends_with("  KEY: is not valid UTF-8; expected text"));
    }

    #[test]
    fn an_optional_variable_may_be_missing_but_not_wrong() {
        let mut env = Environment::from_pairs([("WRONG", "7"), ("BLANK", " ")]);
        assert_eq!(env.optional("MISSING", "a test", duration::parse), None);
        assert_eq!(env.optional("BLANK", "a test", duration::parse), None);
        assert_eq!(env.optional("WRONG", "a test", parse::number_in(1..=5)), None);
        let text = mistakes_of(env, Some(()));
        assert!(text.starts_with("1 mistake") && text.contains("WRONG: `7`"), "{text}");
    }

    #[test]
    fn debug_output_shows_no_value() {
        let env = Environment::from_pairs([("JWT_KEY", "hunter2")]);
        assert!(!format!("{env:?}").contains("hunter2"), "{env:?}");
    }
}
