//! The HTTP API that existing clients already use, the webhooks of the provider beside it, and what `console` is answered.

mod internal;
mod pay;
mod payments;
mod refusal;
mod webhook;

use std::time::Duration;

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef},
};
use http_common::InternalToken;
use outbox::Outbox;
use process::telemetry::begin_each_at_zero;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::Sessions;

use crate::{cashier::Cashier, money::Currency, signature::Secrets, store::Store};

/// What every request has at hand. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Api {
    /// The payments.
    pub store: Store,
    /// What is done at the provider.
    pub cashier: Cashier,
    /// Who is signed in.
    pub sessions: Sessions,
    /// Who may send webhooks.
    pub webhook_secrets: Secrets,
    /// In which currency prices are paid.
    pub currency: Currency,
    /// How long a request may take for it.
    pub patience: Patience,
    /// With which `console` asks. `None`: it is answered nothing.
    pub internal_token: Option<InternalToken>,
}

/// How long a request waits for others.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For an order that is not known yet: its event may be on its way.
    pub order: Duration,
    /// For one call of the provider.
    pub call: Duration,
    /// For the provider, with every call that is made again.
    pub provider: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { order: Duration::from_secs(1), call: Duration::from_secs(4), provider: Duration::from_secs(8) }
    }
}

impl FromRef<Api> for Outbox {
    fn from_ref(api: &Api) -> Self {
        api.store.outbox()
    }
}

impl FromRef<Api> for Sessions {
    fn from_ref(api: &Api) -> Self {
        api.sessions.clone()
    }
}

/// Where the API is.
const PREFIX: &str = "/api/payments";
/// Events of the provider are longer than what people send: the whole object is in them.
const LONGEST_WEBHOOK: usize = 256 * 1024;

/// The routes of the API, with their document.
pub fn router(api: Api) -> Router {
    begin_each_at_zero("webhooks_total", "answer", &["applied", "repeated", "ignored", "refused", "failed"]);
    let webhook =
        OpenApiRouter::new().routes(routes!(webhook::webhook)).layer(DefaultBodyLimit::max(LONGEST_WEBHOOK));
    let routes = OpenApiRouter::new().routes(routes!(payments::list, payments::create)).merge(webhook);
    internal::router(api.clone()).merge(web::into_router("Payments", PREFIX, routes, api))
}
