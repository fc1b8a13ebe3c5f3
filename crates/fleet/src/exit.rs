//! How a command ended: statuses that scripts can rely on.

use std::fmt::Display;

/// The exit statuses. `cli::EXIT_HELP` says the same to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It is done, or it is well.
    Done,
    /// It could not be done, in whole or in part.
    Failed,
    /// An argument is wrong, as clap reports it too, or what was asked for is refused as such.
    Usage,
    /// `status`: something needs a person.
    NotWell,
    /// There is no such thing.
    NotFound,
    /// It is too late, or it is about another number of things.
    Conflict,
    /// The token is not known, or may not do that.
    NotAllowed,
    /// Address or token are missing or wrong.
    Settings,
    /// `console`, or a service that it needs, does not answer.
    Away,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The exit status.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NotWell => 3,
            Self::NotFound => 4,
            Self::Conflict => 5,
            Self::NotAllowed => 6,
            Self::Settings => process::config::Mistakes::EXIT_CODE,
            Self::Away => 69,
            Self::Interrupted => 130,
        }
    }

    /// What an answer of the API with this status means.
    pub(crate) const fn of_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Done,
            400 | 413 | 415 | 422 => Self::Usage,
            401 | 403 => Self::NotAllowed,
            404 | 410 => Self::NotFound,
            409 => Self::Conflict,
            502..=504 => Self::Away,
            _ => Self::Failed,
        }
    }
}

/// Why a command could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    /// The status to end with.
    pub(crate) exit: Exit,
    /// For a person.
    pub(crate) message: String,
    /// What the API answered, if it did: `--json` prints it.
    pub(crate) body: Option<String>,
}

impl Failure {
    /// With this status.
    pub(crate) fn new(exit: Exit, message: impl Display) -> Self {
        Self { exit, message: message.to_string(), body: None }
    }

    /// 1.
    pub(crate) fn failed(message: impl Display) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// 2.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// 64.
    pub(crate) fn settings(message: impl Display) -> Self {
        Self::new(Exit::Settings, message)
    }

    /// 69.
    pub(crate) fn away(message: impl Display) -> Self {
        Self::new(Exit::Away, message)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::failed(format!("{error:#}"))
    }
}
