//! What the shop is told of the others: all of them are behind the gateway, as its visitors see them.

use anyhow::Result;
use stripe_stand_in::StandIn;

use crate::BoundGateway;

/// It guards nothing.
const FORM_KEY: &str = "a key of this machine alone, for forms";

/// Plain HTTP is spoken here.
pub(super) fn variables(stripe: &StandIn, gateway: &BoundGateway) -> Result<Vec<(&'static str, String)>> {
    let mut variables = vec![
        ("PUBLIC_URL", gateway.url()?),
        ("FORM_KEY", FORM_KEY.to_owned()),
        ("PAYMENT_PAGE_ORIGIN", stripe.url().to_owned()),
        ("COOKIE_SECURE", "false".to_owned()),
    ];
    for variable in ["AUTH_URL", "TICKETS_URL", "ORDERS_URL", "PAYMENTS_URL"] {
        variables.push((variable, gateway.url()?));
    }
    Ok(variables)
}
