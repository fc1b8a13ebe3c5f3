//! The file of settings: lines of `key = "value"` and comments, which is TOML as far as two keys need it.

use std::{os::unix::fs::PermissionsExt as _, path::Path};

use secrecy::SecretString;

/// What the file says.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) console: Option<String>,
    pub(super) token: Option<SecretString>,
    pub(super) warnings: Vec<String>,
}

impl File {
    /// Reads it, and names each line that is wrong; never its value, which may be the token.
    pub(super) fn parse(text: &str) -> (Self, Vec<String>) {
        let (mut file, mut wrong) = (Self::default(), Vec::new());
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let number = index + 1;
            let Some((key, value)) = line.split_once('=') else {
                wrong.push(format!("line {number}: expected `key = \"value\"`"));
                continue;
            };
            let Some(value) = value_of(value.trim()) else {
                wrong.push(format!("line {number}: the value is not one text in double quotes"));
                continue;
            };
            match key.trim() {
                "console" if file.console.is_none() => file.console = Some(value),
                "token" if file.token.is_none() => file.token = Some(SecretString::from(value)),
                key @ ("console" | "token") => wrong.push(format!("line {number}: `{key}` is there twice")),
                key => {
                    wrong.push(format!(
                        "line {number}: there is no key `{key}`; expected `console` or `token`"
                    ));
                }
            }
        }
        (file, wrong)
    }

    /// A token that others can read is one that others have.
    pub(super) fn judge(&mut self, path: &Path) {
        let mode = std::fs::metadata(path).map(|file| file.permissions().mode()).unwrap_or_default();
        if self.token.is_some() && mode & 0o077 != 0 {
            let path = path.display();
            self.warnings.push(format!("others can read the token in {path}: chmod 600 {path}"));
        }
    }
}

/// Between double quotes, without escapes; a comment may follow.
fn value_of(text: &str) -> Option<String> {
    let (value, rest) = text.strip_prefix('"')?.split_once('"')?;
    let rest = rest.trim();
    (!value.contains('\\') && (rest.is_empty() || rest.starts_with('#'))).then(|| value.to_owned())
}
