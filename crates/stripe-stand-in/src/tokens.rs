//! The test cards that Stripe documents, by number, by token and by payment method, and what becomes of each.
//!
//! Source: docs.stripe.com/testing and docs.stripe.com/declines/codes.

use crate::error::ApiError;

/// A card, without its number.
#[derive(Clone, Debug)]
pub(crate) struct Card {
    pub(crate) brand: &'static str,
    pub(crate) last4: String,
    pub(crate) behaviour: Behaviour,
}

/// What happens when a card is charged.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Behaviour {
    Approve,
    Decline(&'static Decline),
    /// The bank wants its customer to authenticate, and then may decline all the same.
    Authenticate(Option<&'static Decline>),
}

/// Why a card can't be charged.
#[derive(Debug)]
pub(crate) struct Decline {
    pub(crate) code: &'static str,
    decline_code: Option<&'static str>,
    message: &'static str,
    param: Option<&'static str>,
}

impl Decline {
    const fn card(decline_code: &'static str, message: &'static str) -> Self {
        Self { code: "card_declined", decline_code: Some(decline_code), message, param: None }
    }

    const fn other(code: &'static str, message: &'static str, param: Option<&'static str>) -> Self {
        Self { code, decline_code: None, message, param }
    }

    pub(crate) fn error(&self) -> ApiError {
        let mut error = ApiError::card(self.message).code(self.code);
        if let Some(decline_code) = self.decline_code {
            error = error.with("decline_code", decline_code);
        }
        match self.param {
            Some(param) => error.param(param),
            None => error,
        }
    }
}

const DECLINED: &str = "Your card was declined.";
static GENERIC: Decline = Decline::card("generic_decline", DECLINED);
static INSUFFICIENT_FUNDS: Decline = Decline::card("insufficient_funds", "Your card has insufficient funds.");
static LOST: Decline = Decline::card("lost_card", DECLINED);
static STOLEN: Decline = Decline::card("stolen_card", DECLINED);
static FRAUDULENT: Decline = Decline::card("fraudulent", DECLINED);
static VELOCITY: Decline = Decline::card(
    "card_velocity_exceeded",
    "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
);
static EXPIRED: Decline = Decline::other("expired_card", "Your card has expired.", Some("exp_month"));
static INCORRECT_CVC: Decline =
    Decline::other("incorrect_cvc", "Your card's security code is incorrect.", Some("cvc"));
static PROCESSING: Decline = Decline::other(
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
    None,
);
static LIVE_CARD: Decline = Decline::card(
    "test_mode_live_card",
    "Your card was declined. Your request was in test mode, but used a non test card. For a list of valid test \
     cards, visit: https://stripe.com/docs/testing.",
);

/// The bank asks for authentication where the client said that it can't do that.
pub(crate) static AUTHENTICATION_REQUIRED: Decline = Decline {
    code: "authentication_required",
    decline_code: Some("authentication_required"),
    message: "Your card was declined. This transaction requires authentication.",
    param: None,
};

/// Token without its prefix, number, brand, behaviour.
type TestCard = (&'static str, &'static str, &'static str, Behaviour);

static CARDS: [TestCard; 22] = [
    ("visa", "4242424242424242", "visa", Behaviour::Approve),
    ("visa_debit", "4000056655665556", "visa", Behaviour::Approve),
    ("mastercard", "5555555555554444", "mastercard", Behaviour::Approve),
    ("mastercard_debit", "5200828282828210", "mastercard", Behaviour::Approve),
    ("amex", "378282246310005", "amex", Behaviour::Approve),
    ("discover", "6011111111111117", "discover", Behaviour::Approve),
    ("threeDSecureOptional", "4000000000003055", "visa", Behaviour::Approve),
    ("chargeDeclined", "4000000000000002", "visa", Behaviour::Decline(&GENERIC)),
    ("chargeDeclinedInsufficientFunds", "4000000000009995", "visa", Behaviour::Decline(&INSUFFICIENT_FUNDS)),
    ("chargeDeclinedLostCard", "4000000000009987", "visa", Behaviour::Decline(&LOST)),
    ("chargeDeclinedStolenCard", "4000000000009979", "visa", Behaviour::Decline(&STOLEN)),
    ("chargeDeclinedFraudulent", "4100000000000019", "visa", Behaviour::Decline(&FRAUDULENT)),
    ("chargeDeclinedVelocityLimitExceeded", "4000000000006975", "visa", Behaviour::Decline(&VELOCITY)),
    ("chargeDeclinedExpiredCard", "4000000000000069", "visa", Behaviour::Decline(&EXPIRED)),
    ("chargeDeclinedIncorrectCvc", "4000000000000127", "visa", Behaviour::Decline(&INCORRECT_CVC)),
    ("chargeDeclinedProcessingError", "4000000000000119", "visa", Behaviour::Decline(&PROCESSING)),
    ("threeDSecure2Required", "4000000000003220", "visa", Behaviour::Authenticate(None)),
    ("threeDSecureRequired", "4000000000003063", "visa", Behaviour::Authenticate(None)),
    ("authenticationRequired", "4000002760003184", "visa", Behaviour::Authenticate(None)),
    ("authenticationRequiredOnSetup", "4000002500003155", "visa", Behaviour::Authenticate(None)),
    (
        "authenticationRequiredChargeDeclinedInsufficientFunds",
        "4000008260003178",
        "visa",
        Behaviour::Authenticate(Some(&INSUFFICIENT_FUNDS)),
    ),
    (
        "threeDSecureRequiredChargeDeclined",
        "4000008400001629",
        "visa",
        Behaviour::Authenticate(Some(&GENERIC)),
    ),
];

/// The card of a token such as `tok_visa` or `tok_chargeDeclined`.
pub(crate) fn of_token(token: &str) -> Option<Card> {
    named(token.strip_prefix("tok_")?)
}

/// The card of a test payment method such as `pm_card_visa`.
pub(crate) fn of_payment_method(method: &str) -> Option<Card> {
    named(method.strip_prefix("pm_card_")?)
}

/// Declining cards have names with and without their brand.
fn named(name: &str) -> Option<Card> {
    let short = name.strip_prefix("visa_").filter(|rest| *rest != "debit").unwrap_or(name);
    CARDS.iter().find(|(known, ..)| *known == short).map(card)
}

/// The card of a number, or why there can't be one.
pub(crate) fn of_number(number: &str) -> Result<Card, ApiError> {
    let digits: String = number.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    if let Some(known) = CARDS.iter().find(|(_, known, ..)| *known == digits) {
        return Ok(card(known));
    }
    if !(12..=19).contains(&digits.len()) || !passes_luhn(&digits) {
        let invalid = ApiError::card("Your card number is invalid.");
        return Err(invalid.code("invalid_number").param("number"));
    }
    let last4 = digits[digits.len() - 4..].to_owned();
    Ok(Card { brand: "unknown", last4, behaviour: Behaviour::Decline(&LIVE_CARD) })
}

fn card((_, number, brand, behaviour): &TestCard) -> Card {
    Card { brand, last4: number[number.len() - 4..].to_owned(), behaviour: *behaviour }
}

/// The check digit of ISO/IEC 7812.
fn passes_luhn(digits: &str) -> bool {
    let Some(digits) = digits.chars().map(|digit| digit.to_digit(10)).collect::<Option<Vec<u32>>>() else {
        return false;
    };
    let sum: u32 = digits.iter().rev().enumerate().map(|(place, digit)| weigh(place, *digit)).sum();
    sum.is_multiple_of(10)
}

fn weigh(place: usize, digit: u32) -> u32 {
    match (place % 2, digit * 2) {
        (0, _) => digit,
        (_, doubled @ 10..) => doubled - 9,
        (_, doubled) => doubled,
    }
}

#[cfg(test)]
mod tests {
    use super::{CARDS, passes_luhn};

    #[test]
    fn every_test_card_has_a_right_check_digit() {
        for (name, number, ..) in &CARDS {
            assert!(passes_luhn(number), "{name}");
        }
        assert!(!passes_luhn("4242424242424241"));
    }
}
