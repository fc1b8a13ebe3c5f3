//! Files that an argument names; `-` is stdin.

use std::{io::Read as _, path::Path};

use common::event::Id;

use crate::exit::Failure;

/// The whole text.
///
/// # Errors
/// 2, with the file's name.
pub(super) fn text(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).map(|_| ())
    } else {
        std::fs::read_to_string(path).map(|read| text = read)
    };
    read.map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    Ok(text)
}

/// One id a line; blank lines are passed over.
///
/// # Errors
/// 2, with the first line that is none.
pub(super) fn ids(path: &Path) -> Result<Vec<Id>, Failure> {
    let text = text(path)?;
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let wrong = |number: usize, error| Failure::usage(format!("{}: line {number}: {error}", path.display()));
    lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(number, line)| line.parse().map_err(|error| wrong(number, error)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_a_line_each_and_the_line_that_is_none_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "o-1\n\n  o-2 \r\n").unwrap();
        let read = ids(file.path()).unwrap();
        assert_eq!(read.iter().map(Id::as_str).collect::<Vec<_>>(), ["o-1", "o-2"]);
        std::fs::write(file.path(), "o-1\no/2\n").unwrap();
        let wrong = ids(file.path()).unwrap_err();
        assert!(wrong.message.contains("line 2:") && wrong.exit == crate::exit::Exit::Usage, "{wrong}");
    }
}
