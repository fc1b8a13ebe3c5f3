//! The protocol as it is: every property holds in every state.

use model::schedule::{Scope, System};

use super::scopes;
use crate::checks::holds;

fn check(name: &str, scope: Scope) {
    holds(name, System { scope, mistake: None });
}

#[test]
fn timers_fire_whatever_fails_in_the_workers() {
    check("workers", scopes::WORKERS);
}

#[test]
fn no_timer_fires_early_by_the_slower_clock() {
    check("clocks", scopes::CLOCKS);
}

#[test]
fn no_timer_fires_early_while_redis_is_ahead() {
    check("redis ahead", scopes::REDIS_AHEAD);
}

#[test]
fn every_timer_fires_while_redis_is_behind() {
    check("redis behind", scopes::REDIS_BEHIND);
}

#[test]
fn a_timer_that_is_lost_while_it_fires_comes_back() {
    check("firing", scopes::FIRING);
}

#[test]
fn an_extended_timer_that_is_lost_while_it_fires_comes_back() {
    check("firing extended", scopes::FIRING_EXTENDED);
}

#[test]
fn a_timer_that_is_lost_again_in_a_rebuild_comes_back_at_its_latest_time() {
    check("twice", scopes::TWICE);
}

#[test]
fn the_timer_of_a_foreign_order_comes_back() {
    check("foreign", scopes::FOREIGN);
}

#[test]
fn an_event_that_is_delivered_again_beside_a_rebuild_does_no_harm() {
    check("redelivered", scopes::REDELIVERED);
}

#[test]
fn a_cancelled_order_needs_no_timer() {
    check("cancelled", scopes::CANCELLED);
}

#[test]
fn two_orders_with_all_their_events_come_back() {
    check("four events", scopes::FOUR_EVENTS);
}

#[test]
fn timers_come_back_from_a_stream_that_has_lost_events_too() {
    check("stream", scopes::STREAM);
}

#[test]
fn timers_come_back_whatever_fails_when_the_stream_or_redis_loses() {
    check("stream or redis", scopes::STREAM_OR_REDIS);
}
