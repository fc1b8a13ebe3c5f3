//! Checkout Sessions: a purchase that is paid on a hosted page.
//!
//! Source: docs.stripe.com/api/checkout/sessions.

use crate::{form::Metadata, table::Object};

/// Whether a session can still be paid.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SessionStatus {
    Open,
    Complete,
    Expired,
}

impl SessionStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Expired => "expired",
        }
    }
}

/// One thing that a session sells.
#[derive(Clone, Debug)]
pub(crate) struct LineItem {
    pub(crate) name: String,
    pub(crate) unit_amount: i64,
    pub(crate) quantity: i64,
}

/// One purchase, paid on a page.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) status: SessionStatus,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) items: Vec<LineItem>,
    pub(crate) success_url: String,
    pub(crate) cancel_url: Option<String>,
    /// The intent of the page; the API shows it only once the session is complete.
    pub(crate) intent: Option<String>,
    pub(crate) capture_method: &'static str,
    pub(crate) intent_metadata: Metadata,
    pub(crate) intent_description: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) client_reference_id: Option<String>,
    pub(crate) customer_email: Option<String>,
    pub(crate) customer_name: Option<String>,
    pub(crate) expires_at: i64,
    pub(crate) created: i64,
}

impl Session {
    /// Where its buyer goes after paying.
    pub(crate) fn success_url(&self) -> String {
        self.success_url.replace("{CHECKOUT_SESSION_ID}", &self.id)
    }
}

impl Object for Session {
    const KIND: &'static str = "checkout.session";

    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        self.created
    }
}
