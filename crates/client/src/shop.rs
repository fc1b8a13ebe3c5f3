//! What every request has at hand.

use std::sync::Arc;

use page_kit::{Forms, Security};

use crate::{
    api::{Apis, Failure, User},
    config::ShopSettings,
    shop_window::ShopWindow,
    visit::Visit,
};

/// What every request has at hand. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shop {
    pub(crate) apis: Apis,
    pub(crate) forms: Forms,
    pub(crate) settings: Arc<ShopSettings>,
    pub(crate) security: Security,
    /// The tickets that can be bought.
    pub(crate) free: ShopWindow,
    /// Those that are taken too.
    pub(crate) all: ShopWindow,
}

/// Who visits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Nobody is signed in.
    Nobody,
    /// This user is.
    User(User),
    /// There is a session, and nobody to ask whose.
    Unknown,
}

impl Shop {
    /// A shop of what these APIs say.
    pub fn new(apis: Apis, settings: ShopSettings) -> Self {
        Self {
            forms: Forms::new(settings.form_key.clone(), settings.cookie_secure),
            security: Security::new(
                &[settings.payment_page.origin()],
                settings.cookie_secure && settings.public_url.is_https(),
            ),
            free: ShopWindow::new(apis.clone(), false),
            all: ShopWindow::new(apis.clone(), true),
            apis,
            settings: Arc::new(settings),
        }
    }

    /// Who visits. Without a session nobody has to be asked.
    pub(crate) async fn who(&self, visit: &Visit) -> Who {
        if !visit.has_session {
            return Who::Nobody;
        }
        match self.apis.current_user(visit).await {
            Ok(None) | Err(Failure::NotAuthorised) => Who::Nobody,
            Ok(Some(user)) => {
                tracing::Span::current().record("user", user.id.as_str());
                Who::User(user)
            }
            Err(failure) => {
                tracing::debug!("who visits is not known: {failure}");
                Who::Unknown
            }
        }
    }

    /// A ticket has changed: what is shown from now on is asked for anew.
    pub(crate) fn ticket_changed(&self) {
        self.free.forget();
        self.all.forget();
    }
}

impl Who {
    /// Whether this is their id.
    pub(crate) fn is(&self, id: &common::event::Id) -> bool {
        matches!(self, Self::User(user) if user.id == *id)
    }

    /// Whether somebody is known to be signed in.
    pub(crate) fn is_user(&self) -> bool {
        matches!(self, Self::User(_))
    }
}
