//! The audit: found again, and filled up by nobody.

use common::{event::Id, operator::AuditOutcome};
use console::audit::{AuditFilter, Author, Details, Target};
use testkit::eventually;

use crate::world::{LONG, World, author};

fn id(text: &str) -> Id {
    text.parse().unwrap()
}

fn filter() -> AuditFilter {
    AuditFilter { limit: 100, ..AuditFilter::default() }
}

fn by(who: &str) -> Author {
    Author { who: who.to_owned(), ..author() }
}

#[tokio::test]
async fn entries_are_found_by_who_action_target_and_text_the_newest_first() {
    let world = World::start().await;
    let engine = world.engine().await;
    for (who, action, order, note) in [
        ("ann", "moveTimer", "o1", "the buyer called"),
        ("bob", "cancelTimer", "o2", "a Test order"),
        ("ann", "cancelTimer", "o1", "gave up"),
    ] {
        let note = Some(note.to_owned());
        let before = Some(serde_json::json!({ "dueAt": 1 }));
        let details = Details { note, before, ..Details::default() };
        let act = engine.audit.begin(by(who), action, Target::Order(id(order)), details).await.unwrap();
        act.done(Details { after: Some(serde_json::json!({ "dueAt": 2 })), ..Details::default() }).await;
    }
    let found = async |filter: AuditFilter| {
        let page = engine.audit.search(filter).await.unwrap();
        assert_eq!(page.next, None);
        page.entries.iter().map(|entry| entry.sequence).collect::<Vec<_>>()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(found(filter()).await, [6, 5, 4, 3, 2, 1]);
    assert_eq!(found(AuditFilter { who: some("ann"), ..filter() }).await, [6, 5, 2, 1]);
    assert_eq!(found(AuditFilter { action: some("cancelTimer"), ..filter() }).await, [6, 5, 4, 3]);
    assert_eq!(found(AuditFilter { target: some("order o1"), ..filter() }).await, [6, 5, 2, 1]);
    assert_eq!(found(AuditFilter { target: some("o2"), ..filter() }).await, [4, 3]);
    assert_eq!(found(AuditFilter { text: some("TEST"), ..filter() }).await, [3]);
    assert_eq!(found(AuditFilter { who: some("bob"), target: some("order o1"), ..filter() }).await, [0; 0]);
    let page = engine.audit.search(AuditFilter { limit: 2, ..filter() }).await.unwrap();
    let next = engine.audit.search(AuditFilter { before: page.next, limit: 2, ..filter() }).await.unwrap();
    assert_eq!(next.entries.iter().map(|entry| entry.sequence).collect::<Vec<_>>(), [4, 3]);
    let acts = engine.audit.of_order(&id("o1"), 20).await.unwrap();
    assert_eq!(acts[0].act, acts[1].act, "what is done has the name of what was begun");
    assert_eq!((acts[0].outcome, acts[1].outcome), (AuditOutcome::Done, AuditOutcome::Begun));
    assert_eq!((acts[1].who.as_str(), acts[1].note.as_deref()), ("ann", Some("gave up")));
}

#[tokio::test]
async fn a_flood_of_refusals_leaves_the_first_whole_and_counts_the_others() {
    let world = World::start().await;
    let engine = world.engine().await;
    let begin = std::time::Instant::now();
    for n in 0..10_000 {
        engine.audit.refused(
            by("eve"),
            "fireTimer",
            &Target::Order(id(&format!("o{n}"))),
            "viewers may not act",
        );
    }
    let told = eventually("all are told of", LONG, async || {
        let entries = engine.audit.search(filter()).await.unwrap().entries;
        let whole = entries.iter().filter(|entry| entry.count.is_none()).count() as u64;
        let counted: u64 = entries.iter().filter_map(|entry| entry.count).sum();
        if whole + counted == 10_000 { Ok(entries) } else { Err(format!("{whole} and {counted}")) }
    })
    .await;
    assert!(told.iter().all(|entry| entry.outcome == AuditOutcome::Refused));
    let seconds = begin.elapsed().as_secs() as usize + 2;
    assert!(told.len() <= 11 * seconds, "{} entries in {seconds} s", told.len());
    let first = told.last().unwrap();
    assert_eq!((first.who.as_str(), first.target.as_str()), ("eve", "order o0"));
    assert_eq!(first.note.as_deref(), Some("viewers may not act"));
}

#[tokio::test]
async fn refusals_are_written_once_the_broker_is_back_and_nobody_waits_for_them() {
    let world = World::start().await;
    let engine = world.engine().await;
    world.nats.kill().await.unwrap();
    engine.audit.refused(by("eve"), "fireTimer", &Target::Console, "no");
    let unwritten = engine.audit.begin(author(), "moveTimer", Target::Schedule, Details::default()).await;
    assert!(unwritten.is_err(), "{unwritten:?}");
    world.nats.restart().await.unwrap();
    eventually("it is written", LONG, async || {
        let page = engine.audit.search(filter()).await.map_err(|error| format!("{error:#}"))?;
        let refused = page.entries.iter().filter(|entry| entry.outcome == AuditOutcome::Refused).count();
        if refused == 1 { Ok(()) } else { Err(format!("{refused}")) }
    })
    .await;
}
