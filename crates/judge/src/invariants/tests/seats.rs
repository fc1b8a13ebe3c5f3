//! I6: who holds a seat.

use common::Service;

use super::*;
use crate::record::Edit;

/// A ticket has another holder, and `orders` knows of it.
fn copied(facts: &mut Facts, ticket: &Id, order: Option<&Id>) {
    change(facts, ticket, order);
    facts.ticket_copies = facts.ticket_rows.iter().map(ticket_copy).collect();
}

#[test]
fn i6_breaks_on_a_seat_that_is_not_freed_or_freed_while_another_holds_it() {
    let never =
        |facts: &mut Facts| facts.tickets.retain(|change| change.id.as_str() != "t-3" || change.version == 1);
    assert!(broken(never).contains(&"I6"));
    let twice = |facts: &mut Facts| copied(facts, &id("t-3"), None);
    assert_eq!(broken(twice), ["I6"]);
    let paid_one = |facts: &mut Facts| copied(facts, &id("t-1"), None);
    assert_eq!(broken(paid_one), ["I6"]);
    let from_under_him = |facts: &mut Facts| {
        let of_5 = facts.tickets.iter_mut().find(|change| change.id.as_str() == "t-2" && change.version == 2);
        of_5.unwrap().order_id = Some(id("o-5"));
    };
    assert_eq!(broken(from_under_him), ["I6"]);
    let gap =
        |facts: &mut Facts| facts.tickets.retain(|change| change.id.as_str() != "t-3" || change.version == 2);
    assert!(broken(gap).contains(&"I6"));
}

#[test]
fn i6_breaks_on_a_table_in_which_a_seat_is_not_held_by_who_has_paid_for_it() {
    let row = |order: Option<&'static str>, seat: usize| {
        move |facts: &mut Facts| facts.ticket_rows[seat - 1].order_id = order.map(str::to_owned)
    };
    for change in [row(None, 1), row(Some("o-3"), 1), row(Some("o-3"), 3), row(Some("o-1"), 2)] {
        assert_eq!(broken(change), ["I5", "I6"]);
    }
}

#[test]
fn i6_takes_a_change_of_no_hands_for_an_edit_once_for_each() {
    let edited = |edits: usize| {
        move |facts: &mut Facts| {
            let edit = Edit { ticket: id("t-3"), answered: true, at_ms: 0 };
            facts.record.edits = vec![edit; edits];
            copied(facts, &id("t-3"), None);
            copied(facts, &id("t-3"), None);
        }
    };
    assert!(broken(edited(2)).is_empty());
    assert_eq!(broken(edited(1)), ["I6"]);
}

#[test]
fn i6_holds_the_table_against_the_orders_also_where_the_stream_lost_changes() {
    let lost = |facts: &mut Facts| {
        facts.tickets.retain(|change| change.id != id("t-1"));
        facts.bounds.harms.extend(harmed(Effect::StreamLost(Service::Tickets), later()).harms);
    };
    assert!(broken(lost).is_empty());
    let freeing_lost = |facts: &mut Facts| {
        facts.tickets.retain(|change| change.id != id("t-3") || change.version == 1);
        facts.bounds.harms.extend(harmed(Effect::StreamLost(Service::Tickets), later()).harms);
    };
    assert!(broken(freeing_lost).is_empty());
    let seat_lost = |facts: &mut Facts| {
        lost(facts);
        facts.ticket_rows[0].order_id = None;
    };
    assert_eq!(broken(seat_lost), ["I6"]);
    let freed_twice = |facts: &mut Facts| {
        facts.bounds.harms.extend(harmed(Effect::StreamLost(Service::Tickets), later()).harms);
        copied(facts, &id("t-3"), None);
    };
    assert_eq!(broken(freed_twice), ["I6"]);
}
