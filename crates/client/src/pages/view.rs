//! One page for one visitor: who it is, in which form prices are written, and what the page shows.

use std::time::Duration;

use chrono::{DateTime, Utc};
use common::{clock, event::Price};
use maud::Markup;
use page_kit::FormId;

use crate::{
    money,
    shop::{Shop, Who},
    visit::Visit,
    way_back::WayBack,
};

/// One page for one visitor.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) shop: Shop,
    pub(super) visit: Visit,
    pub(super) who: Who,
    /// When the APIs were asked for what the page shows, at the earliest.
    pub(super) asked_at: DateTime<Utc>,
    pub(super) form: FormId,
}

/// What differs between pages.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) title: String,
    pub(super) body: Markup,
    /// Where a script is told of changes.
    pub(super) live: Option<String>,
    /// When a script loads the page again.
    pub(super) again: Option<Duration>,
    /// When what it shows was so; now, unless it was kept.
    pub(super) made_at: Option<DateTime<Utc>>,
    /// Only pages without a visitor's own data are for search engines.
    pub(super) description: Option<String>,
}

impl Page {
    pub(super) fn new(title: impl Into<String>, body: Markup) -> Self {
        Self { title: title.into(), body, ..Self::default() }
    }
}

impl View {
    /// A page for a visitor, whose name is asked for.
    pub(super) async fn open(shop: Shop, visit: Visit) -> Self {
        Self::beside(shop, visit, async |_, _| ()).await.0
    }

    /// The same, while something else is asked for.
    pub(super) async fn beside<T>(
        shop: Shop,
        visit: Visit,
        ask: impl AsyncFnOnce(&Shop, &Visit) -> T,
    ) -> (Self, T) {
        let asked_at = clock::now();
        let (who, answer) = tokio::join!(shop.who(&visit), ask(&shop, &visit));
        let form = visit.form(&shop.forms);
        (Self { shop, visit, who, asked_at, form }, answer)
    }

    /// The hidden field that every form of this visitor carries.
    pub(super) fn token(&self) -> Markup {
        self.shop.forms.field(&self.form)
    }

    pub(super) fn price(&self, price: Price) -> Markup {
        money::shown(price, self.shop.settings.currency, self.visit.locale)
    }

    /// Where one signs in and comes back from to `path`.
    pub(super) fn sign_in(path: &str) -> String {
        WayBack::read(Some(path)).on("/auth/signin")
    }
}
