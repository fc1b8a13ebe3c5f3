//! Wrong protocols: the checker finds what each of them breaks.

use model::schedule::{Mistake, Scope, System, name};

use super::scopes;
use crate::checks;

fn finds(mistake: Mistake, scope: Scope, property: &'static str) {
    checks::finds(mistake, System { scope, mistake: Some(mistake) }, property);
}

#[test]
fn claiming_by_the_workers_own_clock_fires_early() {
    finds(Mistake::ClaimByOwnClock, scopes::CLOCKS, name::NEVER_EARLY);
}

#[test]
fn a_lease_by_the_workers_own_clock_is_over_at_once_for_others() {
    finds(Mistake::LeaseByOwnClock, scopes::CLOCKS, name::NOT_STOLEN);
}

#[test]
fn a_release_without_looking_for_the_holder_takes_another_claim() {
    finds(Mistake::ReleaseWithoutHolder, scopes::WORKERS, name::NOT_STOLEN);
}

#[test]
fn completing_by_the_orders_id_takes_another_claim() {
    finds(Mistake::CompleteById, scopes::WORKERS, name::NOT_STOLEN);
}

#[test]
fn completing_without_the_puback_loses_the_timer() {
    finds(Mistake::CompleteWithoutPubAck, scopes::WORKERS, name::NEVER_LOST);
}

#[test]
fn a_fresh_message_id_stores_an_expiration_twice() {
    finds(Mistake::FreshMessageId, scopes::WORKERS, name::STORED_ONCE);
}

#[test]
fn an_acknowledgement_before_the_set_loses_the_timer() {
    finds(Mistake::AckBeforeSet, scopes::WORKERS, name::NEVER_LOST);
}

#[test]
fn extending_a_claimed_timer_takes_the_claim() {
    finds(Mistake::ExtendClaimed, scopes::WORKERS, name::NOT_STOLEN);
}

#[test]
fn dropping_an_extension_that_comes_first_forgets_the_latest_time() {
    finds(Mistake::ExtendOnlyExisting, scopes::WORKERS, name::NEVER_LOST);
}

#[test]
fn a_checkpoint_that_anyone_creates_claims_what_was_wiped() {
    finds(Mistake::CreatedByAnyone, scopes::FOREIGN, name::CLAIMS);
}

#[test]
fn a_checkpoint_that_anyone_creates_loses_what_was_wiped() {
    finds(Mistake::CreatedByAnyone, scopes::FOREIGN, name::NEVER_LOST);
}

#[test]
fn advancing_after_a_crash_claims_what_was_lost_in_it() {
    finds(Mistake::AdvanceAcrossRuns, scopes::FOREIGN, name::CLAIMS);
}

#[test]
fn advancing_after_a_crash_loses_what_was_lost_in_it() {
    finds(Mistake::AdvanceAcrossRuns, scopes::FOREIGN, name::NEVER_LOST);
}

#[test]
fn asking_for_the_last_message_after_the_floor_claims_what_came_between() {
    finds(Mistake::LastReadAfterFloor, scopes::FOREIGN, name::CLAIMS);
}

#[test]
fn advancing_without_the_floor_claims_what_is_still_unread() {
    finds(Mistake::AdvanceWithoutFloor, scopes::FOREIGN, name::CLAIMS);
}

#[test]
fn trusting_a_redis_that_was_restarted_loses_its_last_second() {
    finds(Mistake::TrustRestart, scopes::FOREIGN, name::NEVER_LOST);
}

#[test]
fn comparing_by_the_sequence_alone_skips_events_of_a_stream_made_anew() {
    finds(Mistake::CompareSequenceAlone, scopes::STREAM, name::NEVER_LOST);
}

#[test]
fn comparing_by_the_creation_alone_skips_events_of_a_stream_that_grew_again() {
    finds(Mistake::CompareCreationAlone, scopes::STREAM, name::NEVER_LOST);
}

#[test]
fn a_checkpoint_before_the_set_claims_what_is_not_there_yet() {
    finds(Mistake::CheckpointBeforeSet, scopes::FOREIGN, name::CLAIMS);
}

#[test]
fn a_rebuild_without_nx_takes_an_extension_back() {
    finds(Mistake::RebuildWithoutNx, scopes::TWICE, name::NEVER_LOST);
}

#[test]
fn a_rebuild_without_nx_takes_a_claim() {
    finds(Mistake::RebuildWithoutNx, scopes::FIRING, name::NOT_STOLEN);
}

#[test]
fn a_rebuild_that_does_not_read_what_fired_revives_it() {
    finds(Mistake::ForgetFired, scopes::FOREIGN, name::NOT_REVIVED);
}

#[test]
fn a_rebuild_that_goes_on_after_its_lease_revives_what_fired_meanwhile() {
    finds(Mistake::RebuildWithoutLease, scopes::FOREIGN, name::NOT_REVIVED);
}

#[test]
fn a_rebuild_that_ends_in_another_run_loses_what_was_lost_meanwhile() {
    finds(Mistake::FinishInAnotherRun, scopes::TWICE, name::NEVER_LOST);
}

#[test]
fn a_rebuild_that_removes_what_it_has_not_read_loses_newer_timers() {
    finds(Mistake::RemoveUnread, scopes::FOREIGN, name::NEVER_LOST);
}

#[test]
fn a_rebuild_that_begins_with_an_empty_set_loses_older_timers() {
    finds(Mistake::ClearFirst, scopes::FOREIGN, name::NEVER_LOST);
}

#[test]
fn a_rebuild_without_extensions_forgets_the_latest_time() {
    finds(Mistake::ForgetExtensions, scopes::TWICE, name::NEVER_LOST);
}

#[test]
fn resuming_in_another_stream_skips_its_first_events() {
    finds(Mistake::ResumeInAnotherStream, scopes::STREAM, name::NEVER_LOST);
}

#[test]
fn a_rebuild_that_does_not_compare_takes_an_advanced_checkpoint_back() {
    finds(Mistake::RebuildWithoutComparing, scopes::STREAM, name::ENDS);
}
