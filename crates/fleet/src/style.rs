//! How text looks: colours and width, where somebody sees them.

use ratatui::crossterm::terminal;

/// Whether there are colours, and how wide a line may be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Style {
    /// Codes of ECMA-48 are written.
    pub(crate) colour: bool,
    /// In columns. `None`: as wide as it gets, for a program or a file.
    pub(crate) width: Option<usize>,
}

impl Style {
    /// For a terminal.
    pub(crate) fn of_terminal(colour: bool) -> Self {
        let columns = terminal::size().ok().map(|(columns, _)| usize::from(columns));
        Self { colour, width: columns.filter(|columns| *columns > 0) }
    }

    /// What a table or a section is called.
    pub(crate) fn bold(self, text: &str) -> String {
        self.paint(text, "1")
    }

    /// As it should be.
    pub(crate) fn good(self, text: &str) -> String {
        self.paint(text, "32")
    }

    /// Somebody has to look.
    pub(crate) fn bad(self, text: &str) -> String {
        self.paint(text, "31")
    }

    /// Beside the point.
    pub(crate) fn quiet(self, text: &str) -> String {
        self.paint(text, "2")
    }

    fn paint(self, text: &str, code: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
