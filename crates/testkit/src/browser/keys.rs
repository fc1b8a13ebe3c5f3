//! The keys of a keyboard, as the protocol names them.

use serde_json::{Value, json};

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// To the next thing that can be used.
    Tab,
    /// To the one before: Shift and Tab.
    BackTab,
    /// Return.
    Enter,
    /// The space bar.
    Space,
    /// Escape.
    Escape,
    /// One that writes this.
    Letter(char),
}

impl Key {
    /// What the protocol is told when it goes down.
    pub(super) fn down(self) -> Value {
        let (key, code, number, text, modifiers) = match self {
            Self::Tab => (String::from("Tab"), "Tab", 9, String::new(), 0),
            Self::BackTab => (String::from("Tab"), "Tab", 9, String::new(), 8),
            Self::Enter => (String::from("Enter"), "Enter", 13, String::from("\r"), 0),
            Self::Space => (String::from(" "), "Space", 32, String::from(" "), 0),
            Self::Escape => (String::from("Escape"), "Escape", 27, String::new(), 0),
            Self::Letter(letter) => (letter.to_string(), "", 0, letter.to_string(), 0),
        };
        let kind = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        json!({
            "type": kind, "key": key, "code": code, "text": text, "modifiers": modifiers,
            "windowsVirtualKeyCode": number,
        })
    }

    /// And when it goes up.
    pub(super) fn up(self) -> Value {
        let mut event = self.down();
        event["type"] = "keyUp".into();
        event["text"] = "".into();
        event
    }
}
