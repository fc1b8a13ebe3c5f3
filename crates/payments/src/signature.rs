//! Whether a webhook comes from Stripe: HMAC-SHA-256 over the time and the raw body.
//!
//! Source: <https://docs.stripe.com/webhooks/signature>, "Verify webhook signatures manually".

use std::{fmt, sync::Arc};

use hmac::{Hmac, Mac as _};
use process::config::Environment;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// How far the time in a signature may be from ours, in seconds: an older one may be a copy that somebody kept.
pub const TOLERANCE_S: i64 = 300;
/// More signatures than secrets can be good for are not looked at.
const MOST_SIGNATURES: usize = 8;

/// The secrets that webhooks are signed with, at least one; several while one rolls. Cheap to clone.
#[derive(Clone)]
pub struct Secrets(Arc<SecretString>);

/// Why a signature is not taken. It never shows what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSignature {
    /// There is no time or no signature in it.
    #[error("the header is not t=<seconds>,v1=<signature>")]
    Malformed,
    /// It may be a copy.
    #[error("it was signed at another time")]
    WrongTime,
    /// None of our secrets makes it of this body.
    #[error("it is not made by one of our secrets")]
    Forged,
}

impl Secrets {
    /// Reads `STRIPE_WEBHOOK_SECRET`.
    pub fn read(env: &mut Environment) -> Option<Self> {
        let secrets = env.required_secret(
            "STRIPE_WEBHOOK_SECRET",
            "checks the webhooks of Stripe; several with commas between them while one rolls",
            "the signing secret of the webhook endpoint such as whsec_..., or several, comma-separated",
            check,
        );
        secrets.map(|secrets| Self(Arc::new(secrets)))
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        self.0.expose_secret().split(',').map(str::trim)
    }

    /// Checks the header `Stripe-Signature` of a body that arrives `now` (seconds since the Unix epoch).
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn check(&self, header: &str, body: &[u8], now: i64) -> Result<(), InvalidSignature> {
        let Signed { time, signatures } = Signed::read(header).ok_or(InvalidSignature::Malformed)?;
        let at: i64 = time.parse().map_err(|_| InvalidSignature::Malformed)?;
        if now.saturating_sub(at).saturating_abs() > TOLERANCE_S {
            return Err(InvalidSignature::WrongTime);
        }
        let is_made_by = |secret: &str| {
            // `verify_slice` takes the same time wherever the two differ.
            signatures.iter().any(|signature| mac(secret, time, body).verify_slice(signature).is_ok())
        };
        if self.all().any(is_made_by) { Ok(()) } else { Err(InvalidSignature::Forged) }
    }
}

impl From<&str> for Secrets {
    /// What a test makes up, in the form of `STRIPE_WEBHOOK_SECRET`.
    fn from(secrets: &str) -> Self {
        Self(Arc::new(secrets.into()))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

fn check(secrets: &str) -> Result<(), &'static str> {
    if secrets.split(',').any(|secret| secret.trim().is_empty()) {
        return Err(
            "has an empty secret, with which anyone could sign; expected secrets with a comma between them",
        );
    }
    Ok(())
}

#[expect(clippy::expect_used, reason = "RFC 2104 takes a key of any length")]
fn mac(secret: &str, time: &str, body: &[u8]) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.chain_update(time).chain_update(".").chain_update(body)
}

/// What the header says.
struct Signed<'a> {
    /// As it was signed.
    time: &'a str,
    /// Those of scheme `v1`; others are for somebody else.
    signatures: Vec<[u8; 32]>,
}

impl<'a> Signed<'a> {
    fn read(header: &'a str) -> Option<Self> {
        let mut time = None;
        let mut signatures = Vec::new();
        for (name, value) in header.split(',').filter_map(|part| part.trim().split_once('=')) {
            match name {
                "t" => time = Some(value),
                "v1" if signatures.len() < MOST_SIGNATURES => signatures.extend(unhex(value)),
                _ => {}
            }
        }
        if signatures.is_empty() { None } else { Some(Self { time: time?, signatures }) }
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    const NOW: i64 = 1_790_000_000;
    const BODY: &[u8] = br#"{"id":"evt_1","type":"payment_intent.succeeded"}"#;

    fn signature(secret: &str, time: i64, body: &[u8]) -> String {
        let bytes = mac(secret, &time.to_string(), body).finalize().into_bytes();
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    }

    fn header(secret: &str, time: i64, body: &[u8]) -> String {
        format!("t={time},v1={}", signature(secret, time, body))
    }

    fn checked(secrets: &str, header: &str, body: &[u8]) -> Result<(), InvalidSignature> {
        Secrets::from(secrets).check(header, body, NOW)
    }

    #[test]
    fn the_mac_is_that_of_an_independent_implementation() {
        // printf '1790000000.{"id":"evt_1","type":"payment_intent.succeeded"}' | openssl dgst -sha256 -hmac whsec_test
        let known = "aba77a9961e0d5b54657e386cda186226d80805784affb197a7448f66504d04b";
        assert_eq!(signature("whsec_test", NOW, BODY), known);
    }

    #[test]
    fn a_webhook_of_stripes_is_taken() {
        assert_eq!(checked("whsec_a", &header("whsec_a", NOW, BODY), BODY), Ok(()));
        let spaced = header("whsec_a", NOW, BODY).replace(',', ", ");
        assert_eq!(checked("whsec_a", &spaced, BODY), Ok(()));
    }

    #[test]
    fn a_forged_one_one_of_another_secret_and_one_whose_body_changed_by_a_space_are_refused() {
        let good = header("whsec_a", NOW, BODY);
        let forged = format!("t={NOW},v1={}", "0".repeat(64));
        assert_eq!(checked("whsec_a", &forged, BODY), Err(InvalidSignature::Forged));
        assert_eq!(checked("whsec_b", &good, BODY), Err(InvalidSignature::Forged));
        let spaced = [BODY, b" "].concat();
        assert_eq!(checked("whsec_a", &good, &spaced), Err(InvalidSignature::Forged));
        let later = good.replace(&NOW.to_string(), &(NOW + 1).to_string());
        assert_eq!(checked("whsec_a", &later, BODY), Err(InvalidSignature::Forged), "the time is signed too");
    }

    #[test]
    fn while_a_secret_rolls_either_is_good_on_either_side() {
        assert_eq!(checked("whsec_new, whsec_old", &header("whsec_old", NOW, BODY), BODY), Ok(()));
        assert_eq!(checked("whsec_new,whsec_old", &header("whsec_new", NOW, BODY), BODY), Ok(()));
        let (other, ours) = (signature("whsec_x", NOW, BODY), signature("whsec_a", NOW, BODY));
        assert_eq!(checked("whsec_a", &format!("t={NOW},v1={other},v1={ours}"), BODY), Ok(()));
        assert_eq!(
            checked("whsec_a", &format!("t={NOW},v1={other},v0={ours}"), BODY),
            Err(InvalidSignature::Forged)
        );
    }

    #[test]
    fn one_that_is_older_or_newer_than_the_tolerance_is_refused() {
        for (age, taken) in
            [(0, true), (300, true), (301, false), (-300, true), (-301, false), (i64::MAX, false)]
        {
            let time = NOW.saturating_sub(age);
            let answer = checked("whsec_a", &header("whsec_a", time, BODY), BODY);
            let expected = if taken { Ok(()) } else { Err(InvalidSignature::WrongTime) };
            assert_eq!(answer, expected, "{age} s old");
        }
    }

    #[test]
    fn a_header_that_is_none_is_refused() {
        let hex = "a".repeat(64);
        for header in [
            "".to_owned(),
            "t=1".to_owned(),
            format!("v1={hex}"),
            format!("t=,v1={hex}"),
            format!("t=now,v1={hex}"),
            format!("t={NOW},v1={}", "g".repeat(64)),
            format!("t={NOW},v1={}", "a".repeat(63)),
            format!("t={NOW},v1={}é", "a".repeat(62)),
            format!("t={NOW};v1={hex}"),
        ] {
            assert_eq!(checked("whsec_a", &header, BODY), Err(InvalidSignature::Malformed), "{header}");
        }
    }

    #[test]
    fn an_empty_secret_is_refused_without_showing_the_others() {
        for text in ["s3cret,", ",s3cret", "s3cret, ,s3cret"] {
            let read = |env: &mut Environment| Secrets::read(env);
            let mistake = Environment::judge(&[("STRIPE_WEBHOOK_SECRET", text)], read).unwrap_err();
            assert!(mistake.contains("STRIPE_WEBHOOK_SECRET") && !mistake.contains("s3cret"), "{mistake}");
        }
    }
}
