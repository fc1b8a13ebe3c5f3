//! The signature of a webhook.
//!
//! Source: docs.stripe.com/webhooks, "Verify webhook signatures manually".

use std::fmt::Write as _;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// The value of `Stripe-Signature` for this body: `t=<seconds>`, then one `v1=` for each secret.
///
/// Two secrets are what an endpoint has while its secret is rolled.
pub fn sign_webhook(body: &str, timestamp: i64, secrets: &[String]) -> String {
    let signed = format!("{timestamp}.{body}");
    let mut header = format!("t={timestamp}");
    for secret in secrets {
        header.push_str(",v1=");
        header.push_str(&hmac_hex(secret, &signed));
    }
    // Deliveries of test mode carry this one as well. It proves nothing, so a receiver must not take it.
    header.push_str(",v0=");
    header.push_str(&hmac_hex("v0", &signed));
    header
}

#[expect(clippy::expect_used, reason = "RFC 2104 takes a key of any length")]
fn hmac_hex(secret: &str, signed: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    let mut hex = String::with_capacity(64);
    for byte in mac.chain_update(signed).finalize().into_bytes() {
        // Writing to a string can't fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
