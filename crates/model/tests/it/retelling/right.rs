//! The protocol as it is: every property holds in every state.

use model::retelling::{Scope, System};

use super::scopes;
use crate::checks::holds;

fn check(name: &str, scope: Scope) {
    holds(name, System { scope, mistake: None });
}

#[test]
fn what_the_broker_loses_is_told_again() {
    check("one loss", scopes::ONE_LOSS);
}

#[test]
fn a_seat_whose_cancellation_was_lost_is_sold_again() {
    check("sold again", scopes::SOLD_AGAIN);
}

#[test]
fn two_relays_remember_no_more_than_what_is_stored() {
    check("two relays", scopes::TWO_RELAYS);
}

#[test]
fn two_relays_that_fail_remember_no_more_than_what_is_stored() {
    check("two frail relays", scopes::TWO_FRAIL_RELAYS);
}

#[test]
fn what_the_broker_loses_again_is_told_again() {
    check("two losses", scopes::TWO_LOSSES);
}

#[test]
fn what_the_broker_loses_is_told_again_whatever_fails_in_the_relay() {
    check("mishaps", scopes::MISHAPS);
}

#[test]
fn two_relays_mend_what_is_lost_twice() {
    check("two relays, two losses", scopes::ALL_TWICE);
}
