//! The protocol as it is: every property holds in every state.

use model::money::{Scope, System};

use super::scopes;
use crate::checks::holds;

fn check(name: &str, scope: Scope) {
    holds(name, System { scope, mistake: None });
}

#[test]
fn a_payment_by_token_is_settled_whatever_fails() {
    check("token", scopes::TOKEN);
}

#[test]
fn a_payment_on_a_page_is_settled_whatever_fails() {
    check("page", scopes::PAGE);
}

#[test]
fn a_payment_that_was_charged_at_once_is_settled_whatever_fails() {
    check("charge", scopes::CHARGE);
}

#[test]
fn a_second_attempt_after_a_failed_one_is_settled() {
    check("again", scopes::AGAIN);
}

#[test]
fn of_two_payments_at_once_one_is_captured_and_the_other_released() {
    check("rivals", scopes::RIVALS);
}

#[test]
fn two_buyers_of_one_seat_pay_and_each_has_the_seat_or_the_money() {
    check("two buyers", scopes::TWO_BUYERS);
}
