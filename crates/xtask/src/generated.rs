//! Files in the repository that are made of the code: written by a command, and held against the code by CI.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, ensure};
use testkit::paths;

/// What may be chosen of a command that writes such a file.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing, and fail if the file is not what it would be.
    #[arg(long)]
    check: bool,
}

/// A file, the command that writes it, and what it has to hold.
pub(crate) struct Generated {
    /// Its place in the repository.
    pub(crate) file: &'static str,
    /// As a person would type it.
    pub(crate) command: &'static str,
    pub(crate) text: fn() -> Result<String>,
}

impl Generated {
    /// Writes the file, or holds it against what would be written.
    ///
    /// # Errors
    /// When the file can't be read or written, or is not current; the text says what to type.
    pub(crate) fn run(&self, arguments: &Arguments) -> Result<ExitCode> {
        if arguments.check {
            self.check()?;
        } else {
            let path = self.path();
            fs::write(&path, (self.text)()?).with_context(|| format!("write {}", path.display()))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Fails if the file in the repository is not what the code says today.
    pub(crate) fn check(&self) -> Result<()> {
        let path = self.path();
        let there = fs::read_to_string(&path)
            .with_context(|| format!("read {}: `{}` writes it", path.display(), self.command))?;
        self.compare(&there, &(self.text)()?)
    }

    fn path(&self) -> PathBuf {
        paths::repository().join(self.file)
    }

    fn compare(&self, there: &str, current: &str) -> Result<()> {
        let differs = there.lines().zip(current.lines()).position(|(there, current)| there != current);
        let line = differs.unwrap_or_else(|| there.lines().count().min(current.lines().count())) + 1;
        ensure!(
            there == current,
            "{} is not what the code says, from line {line} on: `{}` repairs it",
            self.file,
            self.command
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_differs_is_refused_and_the_line_and_the_repair_named() {
        let generated =
            Generated { file: "a.txt", command: "cargo xtask a", text: || Ok("a\nb\n".to_owned()) };
        generated.compare("a\nb\n", "a\nb\n").unwrap();
        for stale in ["a\nc\n", "a\n", "a\nb", "a\nb\n\n"] {
            let error = generated.compare(stale, "a\nb\n").unwrap_err().to_string();
            assert!(error.contains("cargo xtask a") && error.contains("a.txt"), "{error}");
        }
        assert!(generated.compare("a\nc\n", "a\nb\n").unwrap_err().to_string().contains("line 2"));
    }
}
