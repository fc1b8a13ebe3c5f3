//! For whom a page is made, and what is around it.

use common::{event::Timestamp, internal::PauseState};
use maud::Markup;

/// For whom a page is made.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    /// Who is signed in, as the audit has it.
    pub(super) name: Option<String>,
    /// Acts, if nothing else forbids it.
    pub(super) is_operator: bool,
    /// Nobody acts.
    pub(super) read_only: bool,
    /// The hidden field of every form.
    pub(super) token: Markup,
    /// When the page is made, by console's clock.
    pub(super) now: Timestamp,
    /// The path of the page.
    pub(super) path: String,
    /// The schedule's pause, if there is one.
    pub(super) pause: Option<PauseState>,
    /// What has just been done.
    pub(super) notice: Option<String>,
}

impl Reader {
    /// Whether forms that do something are shown. Whether they are taken is decided anew when they are sent.
    pub(super) const fn may_act(&self) -> bool {
        self.is_operator && !self.read_only
    }

    #[cfg(test)]
    pub(super) fn operator() -> Self {
        Self {
            name: Some(String::from("ann")),
            is_operator: true,
            read_only: false,
            token: maud::html! { input type="hidden" name="token" value="t"; },
            now: Timestamp::from_millis(1_769_860_800_000),
            path: String::from("/"),
            pause: None,
            notice: None,
        }
    }

    #[cfg(test)]
    pub(super) fn viewer() -> Self {
        Self { is_operator: false, ..Self::operator() }
    }
}
