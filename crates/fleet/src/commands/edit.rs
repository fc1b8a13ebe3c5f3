//! A text as a person leaves it in an editor.

use std::{ffi::OsString, process::Command};

use process::config::Environment;

use crate::exit::Failure;

/// The editor, from `VISUAL` or `EDITOR`.
#[derive(Clone, Debug)]
pub(crate) struct Editor(Option<String>);

impl Editor {
    /// Looks which one it is.
    pub(crate) fn read(env: &mut Environment) -> Self {
        let as_text = |text: &str| Ok::<_, String>(text.to_owned());
        let visual = env.optional("VISUAL", "the editor", as_text);
        Self(visual.or_else(|| env.optional("EDITOR", "the editor", as_text)))
    }

    /// Lets a person change the text.
    ///
    /// # Errors
    /// Without an editor, when it fails, or when it leaves the text as it was: then nothing is to be done.
    pub(super) fn edit(&self, text: &str) -> Result<String, Failure> {
        let Some(editor) = &self.0 else {
            return Err(Failure::usage("no editor: set EDITOR, or give the body with --body FILE"));
        };
        let file = tempfile::Builder::new().prefix("fleet-").suffix(".json").tempfile();
        let file = file.map_err(|error| Failure::failed(format!("a file to edit: {error}")))?;
        let written = std::fs::write(file.path(), text);
        written.map_err(|error| Failure::failed(format!("{}: {error}", file.path().display())))?;
        // As git does: EDITOR may have arguments, which a shell takes apart.
        let mut script = OsString::from(editor);
        script.push(" \"$@\"");
        let ended = Command::new("sh").arg("-c").arg(script).arg(editor).arg(file.path()).status();
        match ended {
            Ok(status) if status.success() => {}
            Ok(status) => {
                return Err(Failure::failed(format!("{editor} ended with {status}: nothing is done")));
            }
            Err(error) => return Err(Failure::failed(format!("{editor}: {error}"))),
        }
        let edited = std::fs::read_to_string(file.path());
        let edited =
            edited.map_err(|error| Failure::failed(format!("{}: {error}", file.path().display())))?;
        // Editors end the last line, which the body had not.
        let edited =
            edited.strip_suffix('\n').filter(|_| !text.ends_with('\n')).map_or(edited.clone(), str::to_owned);
        if edited == text {
            return Err(Failure::failed("the body was left as it was: nothing is done"));
        }
        Ok(edited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(editor: &str, text: &str) -> Result<String, String> {
        let mut env = Environment::from_pairs([("EDITOR", editor)]);
        Editor::read(&mut env).edit(text).map_err(|failure| failure.message)
    }

    #[test]
    fn a_body_comes_back_as_the_editor_leaves_it_without_the_line_that_it_ends() {
        assert_eq!(edit("sed -i s/oops/1/", "{\"id\": oops}"), Ok("{\"id\": 1}".to_owned()));
        assert_eq!(edit("sh -c 'echo x > \"$0\"'", "y"), Ok("x".to_owned()));
    }

    #[test]
    fn an_editor_that_changes_nothing_or_fails_ends_it() {
        assert!(edit("true", "x").unwrap_err().contains("left as it was"));
        assert!(edit("false", "x").unwrap_err().contains("nothing is done"));
        assert!(edit("", "x").unwrap_err().contains("set EDITOR"));
    }
}
