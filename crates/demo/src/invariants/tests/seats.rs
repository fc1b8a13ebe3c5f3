//! I6: who holds a seat.

use super::*;

#[test]
fn i6_breaks_on_a_seat_that_is_not_freed_or_freed_while_another_holds_it() {
    let never =
        |facts: &mut Facts| facts.tickets.retain(|change| change.id.as_str() != "t-3" || change.version == 1);
    assert!(broken(never).contains(&"I6"));
    let twice = |facts: &mut Facts| change(facts, &id("t-3"), None);
    assert_eq!(broken(twice), ["I6"]);
    let paid_one = |facts: &mut Facts| change(facts, &id("t-1"), None);
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
