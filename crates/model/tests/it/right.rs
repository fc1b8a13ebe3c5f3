//! The protocol as it is: every property holds in every state.

use std::time::Instant;

use model::{Scope, System};
use stateright::{Checker, Model};

use crate::scopes;

/// Visits every state of the scope.
fn check(name: &str, scope: Scope) {
    let started = Instant::now();
    let checker = System { scope, mistake: None }.checker().threads(2).spawn_bfs().join();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    println!("{name}: {states} states, {depth} deep, {:?}", started.elapsed());
    checker.assert_properties();
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
