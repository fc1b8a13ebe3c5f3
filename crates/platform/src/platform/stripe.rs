//! The stand-in for Stripe: what `payments` is told of it, and where it tells what happens.

use std::sync::Arc;

use anyhow::Result;
use common::Service;
use stripe_stand_in::StandIn;

use super::WEBHOOK_SECRET;
use crate::BoundGateway;

/// It guards nothing.
const SECRET_KEY: &str = "sk_test_of-this-machine-alone";

/// Starts one, which nobody tells of yet.
pub(super) async fn start() -> Result<Arc<StandIn>> {
    Ok(Arc::new(StandIn::builder().secret_key(SECRET_KEY).start().await?))
}

/// Lets it tell what happens to the services behind this gateway.
pub(super) fn tell(stripe: &StandIn, gateway: &BoundGateway) -> Result<()> {
    let prefix = Service::Payments.prefix().unwrap_or_default();
    stripe.set_webhook(format!("{}{prefix}/webhook", gateway.url()?), WEBHOOK_SECRET);
    Ok(())
}

/// What `payments` is told of it. Buyers come back to the gateway, behind which the shop is.
pub(super) fn variables(stripe: &StandIn, gateway: &BoundGateway) -> Result<[(&'static str, String); 4]> {
    Ok([
        ("STRIPE_API_URL", stripe.url().to_owned()),
        ("STRIPE_SECRET_KEY", SECRET_KEY.to_owned()),
        ("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
        ("PUBLIC_URL", gateway.url()?),
    ])
}
