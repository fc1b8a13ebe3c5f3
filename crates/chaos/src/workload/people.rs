//! Somebody who buys or sells, and how they are known to the services.

use common::event::{Id, Timestamp};
use platform::JWT_KEY;
use serde_json::{Value, json};
use tokio::sync::SetOnce;

use super::plan;

/// Nobody's secret.
const PASSWORD: &str = "a password of an episode";

/// Somebody who buys or sells. Whoever signs up can do nothing before.
#[derive(Debug)]
pub(super) struct Somebody {
    email: String,
    /// The `Cookie` header.
    session: SetOnce<String>,
}

/// An order as its buyer sees it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) order: Id,
    pub(super) ticket: Id,
    pub(super) expires_at: Timestamp,
}

impl Seen {
    pub(super) fn read(order: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Self {
            order: text(&order["id"])?.parse().ok()?,
            ticket: text(&order["ticket"]["id"])?.parse().ok()?,
            expires_at: text(&order["expiresAt"])?.parse().ok()?,
        })
    }
}

impl Somebody {
    pub(super) fn new(person: &plan::Person) -> Self {
        let email = format!("{}@example.com", person.name);
        let session = if person.signs_up {
            SetOnce::new()
        } else {
            SetOnce::new_with(Some(testkit::session::of(&person.user, JWT_KEY)))
        };
        Self { email, session }
    }

    /// How they are known to the services, once they are.
    pub(super) async fn cookie(&self) -> &str {
        self.session.wait().await
    }

    /// From now on they are known by this.
    pub(super) fn is_known_by(&self, cookie: String) {
        // Whoever is known stays who they are.
        let _ = self.session.set(cookie);
    }

    /// With which they sign up and in.
    pub(super) fn credentials(&self) -> Value {
        json!({ "email": self.email, "password": PASSWORD })
    }

    /// Whether they are known to the services.
    pub(super) fn is_known(&self) -> bool {
        self.session.get().is_some()
    }
}
