//! Where each service finds its stores.

use common::Service;
use std::{collections::BTreeMap, sync::Arc};

use anyhow::Result;
use stripe_stand_in::StandIn;

use super::stripe;

/// Of a service's environment.
pub(super) type Variable = (&'static str, String);

/// The part of each service's environment that says where its stores are, and with which passwords and keys.
#[derive(Clone, Debug, Default)]
pub struct Stores {
    variables: BTreeMap<Service, BTreeMap<String, String>>,
    /// The one that remembers the payments in these stores. Without it each fleet has one of its own.
    pub(super) stripe: Option<Arc<StandIn>>,
}

impl Stores {
    /// None yet, and a stand-in for Stripe that remembers the payments in them.
    ///
    /// # Errors
    /// When the stand-in does not start.
    pub async fn with_provider() -> Result<Self> {
        Ok(Self::beside(stripe::start().await?))
    }

    /// The stand-in for Stripe that these were made with.
    pub fn provider(&self) -> Option<&Arc<StandIn>> {
        self.stripe.as_ref()
    }

    /// Whose payments this one remembers.
    pub(super) fn beside(stripe: Arc<StandIn>) -> Self {
        Self { variables: BTreeMap::new(), stripe: Some(stripe) }
    }

    /// Sets a variable of one service, such as `DATABASE_URL`.
    pub fn set(&mut self, name: Service, variable: &str, value: impl Into<String>) {
        self.variables.entry(name).or_default().insert(variable.to_owned(), value.into());
    }

    /// Every variable of one service.
    pub(super) fn of(&self, name: Service) -> impl Iterator<Item = (&str, &str)> {
        let variables = self.variables.get(&name).into_iter().flatten();
        variables.map(|(variable, value)| (variable.as_str(), value.as_str()))
    }

    /// `DATABASE_URL` of a service; none for one that has no database.
    pub fn database_url(&self, name: Service) -> Option<&str> {
        self.variables.get(&name)?.get("DATABASE_URL").map(String::as_str)
    }
}
