//! Wrong protocols: the checker finds what each of them breaks.

use model::retelling::{Mistake, Scope, System, name};

use super::scopes;
use crate::checks;

fn finds(mistake: Mistake, scope: Scope, property: &'static str) {
    checks::finds(mistake, System { scope, mistake: Some(mistake) }, property);
}

#[test]
fn without_telling_again_a_fact_is_lost() {
    finds(Mistake::NeverTellAgain, scopes::ONE_LOSS, name::COMES_BACK);
}

#[test]
fn without_telling_again_a_cancelled_order_holds_its_seat() {
    finds(Mistake::NeverTellAgain, scopes::ONE_LOSS, name::SEAT_FREE);
}

#[test]
fn remembering_in_memory_forgets_the_loss_in_a_crash() {
    finds(Mistake::RememberInMemory, scopes::MISHAPS, name::COMES_BACK);
}

#[test]
fn comparing_by_the_sequence_alone_misses_a_loss() {
    finds(Mistake::CompareSequenceAlone, scopes::ONE_LOSS, name::COMES_BACK);
}

#[test]
fn comparing_by_the_creation_alone_misses_a_loss_after_which_the_stream_grew() {
    finds(Mistake::CompareCreationAlone, scopes::ONE_LOSS, name::SEAT_FREE);
}

#[test]
fn remembering_without_looking_forgets_an_older_loss() {
    finds(Mistake::AdvanceUnverified, scopes::MISHAPS, name::COMES_BACK);
}

#[test]
fn looking_for_what_is_remembered_alone_forgets_what_was_just_published() {
    finds(Mistake::VerifyRememberedAlone, scopes::TWO_RELAYS, name::COMES_BACK);
}

#[test]
fn remembering_without_comparing_forgets_what_the_other_relay_lost() {
    finds(Mistake::AdvanceWithoutComparing, scopes::TWO_RELAYS, name::COMES_BACK);
}

#[test]
fn deleting_without_the_puback_loses_a_fact() {
    finds(Mistake::DeleteWithoutPubAck, scopes::MISHAPS, name::COMES_BACK);
}

#[test]
fn telling_before_the_commit_tells_what_was_not_so() {
    finds(Mistake::TellBeforeCommit, scopes::ONE_LOSS, name::TOLD_TRULY);
}

#[test]
fn storing_that_all_is_well_before_telling_loses_facts_in_a_crash() {
    finds(Mistake::StoreBeforeTelling, scopes::ONE_LOSS, name::COMES_BACK);
}

#[test]
fn a_mark_without_a_margin_misses_an_open_transaction() {
    finds(Mistake::MarkWithoutMargin, scopes::ONE_LOSS, name::COMES_BACK);
}

#[test]
fn a_mark_without_the_outbox_misses_what_waited_in_it() {
    finds(Mistake::MarkWithoutOutbox, scopes::ONE_LOSS, name::COMES_BACK);
}

#[test]
fn counting_what_is_told_again_as_new_misses_it_at_the_next_loss() {
    finds(Mistake::RetoldCountsAsNew, scopes::TWO_LOSSES, name::COMES_BACK);
}

#[test]
fn telling_since_the_last_mark_misses_what_was_lost_before_it() {
    finds(Mistake::SinceLastMark, scopes::ONE_LOSS, name::SEAT_FREE);
}

#[test]
fn telling_only_of_creations_leaves_a_seat_held() {
    finds(Mistake::RetellCreatedAlone, scopes::ONE_LOSS, name::SEAT_FREE);
}

#[test]
fn consumers_that_are_left_ahead_miss_what_comes_after() {
    finds(Mistake::LeaveConsumers, scopes::SOLD_AGAIN, name::COMES_BACK);
}

#[test]
fn consumers_that_are_put_right_last_stay_ahead_after_a_crash() {
    finds(Mistake::ConsumersLast, scopes::SOLD_AGAIN, name::COMES_BACK);
}

#[test]
fn putting_one_consumer_right_leaves_the_other_ahead() {
    finds(Mistake::OneConsumer, scopes::SOLD_AGAIN, name::COMES_BACK);
}

#[test]
fn a_listener_without_tombstones_holds_a_seat_for_a_cancelled_order() {
    finds(Mistake::NoTombstone, scopes::ONE_LOSS, name::SEAT_FREE);
}
