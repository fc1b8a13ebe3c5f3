//! What is written where: results on stdout, everything else on stderr.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};

use process::config::Environment;

use crate::{
    exit::{Exit, Failure},
    shown::plain_lines,
    style::Style,
};

/// The two streams of the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    /// The API's bodies are printed as they are, one a line.
    pub(crate) json: bool,
    /// How text on stdout looks.
    pub(crate) style: Style,
    /// A line on stderr may be written over, as on a terminal.
    overwrites: bool,
}

impl Out {
    /// Looks at what stdout and stderr are, and whether colours are wanted (<https://no-color.org>).
    pub(crate) fn new(json: bool, env: &mut Environment) -> Self {
        let is_dumb =
            env.optional("TERM", "the terminal", |term| Ok::<_, String>(term == "dumb")).unwrap_or(false);
        let is_terminal = stdout().is_terminal();
        let colour = is_terminal && !is_dumb && !env.is_set("NO_COLOR");
        let style = if is_terminal { Style::of_terminal(colour) } else { Style::default() };
        Self { json, style, overwrites: stderr().is_terminal() && !is_dumb }
    }

    /// A line, or several, on stdout. A reader that has closed it wants no more of them.
    pub(crate) fn say(&self, text: &str) {
        let _ = writeln!(stdout().lock(), "{}", text.trim_end());
    }

    /// The body as it is, or what `text` makes of it for a person.
    pub(crate) fn answer(&self, body: &str, text: impl FnOnce(Style) -> String) {
        if self.json { self.say(body) } else { self.say(&text(self.style)) }
    }

    /// A line on stderr.
    pub(crate) fn note(&self, text: &str) {
        let _ = writeln!(stderr().lock(), "fleet: {}", plain_lines(text));
    }

    /// A line of progress on stderr, over the one before it on a terminal. `last` ends it.
    pub(crate) fn progress(&self, text: &str, last: bool) {
        let mut stderr = stderr().lock();
        let _ = match (self.overwrites, last) {
            (true, false) => write!(stderr, "\r\u{1b}[K{text}"),
            (true, true) => writeln!(stderr, "\r\u{1b}[K{text}"),
            (false, _) => writeln!(stderr, "{text}"),
        };
        let _ = stderr.flush();
    }

    /// Says why it failed, and answers with what.
    pub(crate) fn complain(&self, failure: &Failure) -> Exit {
        if let (true, Some(body)) = (self.json, &failure.body) {
            self.say(body);
        }
        self.note(&failure.message);
        failure.exit
    }
}
