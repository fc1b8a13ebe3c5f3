//! Identifiers in the forms that Stripe's have.

use rand::distr::{Alphanumeric, SampleString as _};

/// The length of what follows the prefix of most ids.
const LENGTH: usize = 24;

/// A new id of this kind of object, such as `pi` or `evt`.
pub(crate) fn new(kind: &str) -> String {
    format!("{kind}_{}", random(LENGTH))
}

/// A new id of a Checkout Session; they are longer, because whoever knows one can open its page.
pub(crate) fn new_session() -> String {
    format!("cs_test_a1{}", random(56))
}

/// A new id of a request, as `Request-Id` gives it.
pub(crate) fn new_request() -> String {
    format!("req_{}", random(14))
}

/// What a browser would prove with that it may confirm this intent.
pub(crate) fn new_client_secret(intent: &str) -> String {
    format!("{intent}_secret_{}", random(25))
}

fn random(length: usize) -> String {
    Alphanumeric.sample_string(&mut rand::rng(), length)
}
