//! Wrong protocols: the checker finds what each of them breaks.

use model::money::{Mistake, Scope, System, name};

use super::scopes;
use crate::checks;

fn finds(mistake: Mistake, scope: Scope, property: &'static str) {
    checks::finds(mistake, System { scope, mistake: Some(mistake) }, property);
}

#[test]
fn capturing_before_the_decision_takes_money_for_no_order() {
    finds(Mistake::CaptureBeforeDecide, scopes::TOKEN, name::CAPTURED_FOR_ORDER);
}

#[test]
fn capturing_before_the_decision_keeps_the_money_of_cancelled_orders() {
    finds(Mistake::CaptureBeforeDecide, scopes::TOKEN, name::MONEY_FOLLOWS);
}

#[test]
fn an_expiry_without_the_watermark_overtakes_a_payment() {
    finds(Mistake::ExpireWithoutWatermark, scopes::TOKEN, name::PAID_IN_TIME);
}

#[test]
fn a_watermark_that_reads_the_clock_last_misses_a_payment() {
    finds(Mistake::LastReadBeforeNow, scopes::TOKEN, name::PAID_IN_TIME);
}

#[test]
fn charging_in_an_intent_that_is_not_noted_holds_money_that_nobody_knows_of() {
    finds(Mistake::ChargeAtCreation, scopes::TOKEN, name::MONEY_FOLLOWS);
}

#[test]
fn another_intent_on_a_retry_holds_money_that_nobody_knows_of() {
    finds(Mistake::NewIntentOnRetry, scopes::TOKEN, name::MONEY_FOLLOWS);
}

#[test]
fn an_acknowledgement_before_the_commit_loses_a_payment() {
    finds(Mistake::AckBeforeCommit, scopes::TOKEN, name::SETTLED);
}

#[test]
fn an_acknowledgement_before_the_commit_lets_a_paid_order_expire() {
    finds(Mistake::AckBeforeCommit, scopes::TOKEN, name::PAID_IN_TIME);
}

#[test]
fn closing_a_page_without_asking_holds_what_was_paid_on_it_meanwhile() {
    finds(Mistake::CloseWithoutAsking, scopes::PAGE, name::MONEY_FOLLOWS);
}

#[test]
fn closing_an_intent_without_asking_holds_what_a_late_request_authorises() {
    finds(Mistake::CloseWithoutAsking, scopes::TOKEN, name::MONEY_FOLLOWS);
}

#[test]
fn forgetting_to_close_a_page_that_opens_late_leaves_it_open() {
    finds(Mistake::ForgetClosing, scopes::PAGE, name::SETTLED);
}

#[test]
fn giving_up_on_a_look_up_holds_what_a_late_request_authorises() {
    finds(Mistake::GiveUpOnLookUp, scopes::TOKEN, name::MONEY_FOLLOWS);
}

#[test]
fn leaving_rivals_open_when_an_order_is_complete_never_settles_them() {
    finds(Mistake::LeaveRivalsOpen, scopes::RIVALS, name::SETTLED);
}

#[test]
fn writing_an_answer_over_what_the_row_became_meanwhile_forgets_the_decision() {
    finds(Mistake::OverwriteRow, scopes::PAGE, name::SETTLED);
}

#[test]
fn telling_without_an_outbox_never_settles_what_a_crash_kept_untold() {
    finds(Mistake::TellWithoutOutbox, scopes::TOKEN, name::SETTLED);
}

#[test]
fn never_telling_again_leaves_unsettled_what_the_broker_has_lost() {
    finds(Mistake::NeverTellAgain, scopes::TOKEN, name::SETTLED);
}

#[test]
fn cancelling_in_another_transaction_than_the_check_cancels_a_paid_order() {
    finds(Mistake::CheckThenCancel, scopes::TOKEN, name::ONE_DECISION);
}
