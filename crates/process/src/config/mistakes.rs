//! What is wrong with the environment, all of it.

use std::fmt;

/// Every mistake of one environment. `Display` has a line for each: variable, what is wrong, what is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes(Vec<Mistake>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mistake {
    name: String,
    text: String,
}

impl Mistakes {
    /// `EX_USAGE` of sysexits.h: a restart does not help, somebody has to change the settings.
    pub const EXIT_CODE: u8 = 64;

    pub(super) const fn none() -> Self {
        Self(Vec::new())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, name: &str, text: String) {
        self.0.push(Mistake { name: name.to_owned(), text });
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(f, "1 mistake in the environment variables:")?,
            many => write!(f, "{many} mistakes in the environment variables:")?,
        }
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {}: {}", mistake.name, mistake.text))
    }
}

impl std::error::Error for Mistakes {}
