//! How a process ended.

use std::process::{ExitCode, Termination};

use super::{config::Mistakes, shutdown::Signal};

/// How a process ended. A service's `main` returns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Exit {
    /// Asked to end, and drained: status 0.
    Drained,
    /// Could not start, lost one of its tasks, or did not drain in time: status 1.
    Failed,
    /// The settings are wrong: status 64.
    Misconfigured,
    /// A second signal cut the drain short: status 128 plus its number.
    Interrupted(Signal),
}

impl Exit {
    /// The exit status.
    pub const fn code(self) -> u8 {
        match self {
            Self::Drained => 0,
            Self::Failed => 1,
            Self::Misconfigured => Mistakes::EXIT_CODE,
            Self::Interrupted(signal) => signal.exit_code(),
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}
