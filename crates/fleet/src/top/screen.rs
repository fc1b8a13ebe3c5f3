//! The terminal: taken over, drawn on, and given back however it ends.

use std::io;

use ratatui::DefaultTerminal;

use super::{state::State, view};

/// The terminal while it is ours. Dropped, it is as it was; a panic gives it back too, by the hook that
/// [`ratatui::try_init`] sets.
pub(super) struct Screen(DefaultTerminal);

impl Screen {
    pub(super) fn open() -> io::Result<Self> {
        ratatui::try_init().map(Self).inspect_err(|_| ratatui::restore())
    }

    pub(super) fn draw(&mut self, state: &mut State) -> io::Result<()> {
        self.0.draw(|frame| view::draw(frame, state)).map(|_| ())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        ratatui::restore();
    }
}
