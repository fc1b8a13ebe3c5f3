//! One page: what differs from the others.

use maud::Markup;

/// What differs between pages.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) title: String,
    pub(super) body: Markup,
    /// Where a script is told of changes.
    pub(super) live: Option<&'static str>,
    /// The part of the page, by its id, that a script asks for again and again until it is told no more.
    pub(super) watched: Option<&'static str>,
}

impl Page {
    pub(super) fn new(title: impl Into<String>, body: Markup) -> Self {
        Self { title: title.into(), body, ..Self::default() }
    }
}
