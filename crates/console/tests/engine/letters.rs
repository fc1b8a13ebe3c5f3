//! Acts on one letter.

use std::time::Duration;

use common::operator::{Discard, Replay, Replayed};
use console::{audit::AuditFilter, dead_letters::ActError};
use futures_util::FutureExt as _;

use crate::world::{GOOD, Left, World, all, author};

fn body(text: &str) -> Replay {
    Replay { body: Some(text.to_owned()), note: None }
}

#[tokio::test]
async fn a_letter_is_shown_whole_with_its_headers_its_trace_and_what_is_wrong_with_it() {
    let world = World::start().await;
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let headers = [("orig-traceparent", traceparent), ("orig-Trace", "one"), ("orig-Trace", "two")];
    let bad = Left { body: r#"{"orderId":7}"#, reason: "at orderId: invalid", headers: &headers, ..GOOD };
    let cut = Left { headers: &[("dead-letter-cut-from", "70000"), ("dead-letter-replays", "2")], ..GOOD };
    world.leave([(7, bad), (8, cut), (9, GOOD)]).await;
    let engine = world.engine().await;
    engine.has(3).await;
    let letter = engine.letters.get(1).await.unwrap().unwrap();
    assert_eq!((letter.stream.as_str(), letter.stream_sequence, letter.exact), ("c-expiration", 7, true));
    assert_eq!(letter.headers["Trace"], ["one", "two"]);
    assert_eq!(letter.trace_id.as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
    assert!(letter.problem.unwrap().contains("at orderId: "));
    let letter = engine.letters.get(2).await.unwrap().unwrap();
    assert_eq!((letter.cut_from, letter.exact, letter.brief.replays), (Some(70_000), false, 2));
    let letter = engine.letters.get(3).await.unwrap().unwrap();
    assert_eq!((letter.problem, letter.brief.order.unwrap().as_str()), (None, "o"));
    assert!(engine.letters.get(4).await.unwrap().is_none());
}

#[tokio::test]
async fn a_letter_is_replayed_once_and_the_second_time_it_is_said_that_nothing_was_done() {
    let world = World::start().await;
    world.leave([(7, GOOD)]).await;
    let engine = world.engine().await;
    engine.has(1).await;
    let first = engine.letters.replay(author(), 1, Replay::default()).await.unwrap();
    assert!(!first.already, "{}", first.message);
    engine.has(0).await;
    assert_eq!(
        (world.replays().await, world.messages("c-dead-letters").await),
        (vec![GOOD.body.to_owned()], 0)
    );
    let second = engine.letters.replay(author(), 1, Replay::default()).await.unwrap();
    assert!(second.already, "{}", second.message);
    assert_eq!(world.replays().await.len(), 1);
    let none = engine.letters.replay(author(), 2, Replay::default()).await;
    assert!(matches!(none, Err(ActError::Unknown(2))), "{none:?}");
    let audited = engine.audited().await;
    assert_eq!(audited, ["replaydeadletter dead letter 1 done", "replaydeadletter dead letter 1 begun"]);
}

#[tokio::test]
async fn another_body_that_is_no_event_is_refused_with_the_place_and_a_good_one_goes_instead() {
    let world = World::start().await;
    world.leave([(7, Left { body: "broken", ..GOOD })]).await;
    let engine = world.engine().await;
    engine.has(1).await;
    for (text, place) in
        [(r#"{"orderId":7}"#, "at orderId: "), ("{}", "`orderId`"), ("[]", "array"), ("", "EOF")]
    {
        let refused = engine.letters.replay(author(), 1, body(text)).await;
        let Err(ActError::Invalid { field: "body", message }) = refused else {
            panic!("{text}: {refused:?}")
        };
        assert!(message.contains(place), "{text}: {message}");
    }
    assert_eq!((world.messages("c-dead-letters").await, world.replays().await.len()), (1, 0));
    assert_eq!(engine.audited().await, [""; 0], "what is a mistake is no act");
    engine.letters.replay(author(), 1, body(r#"{"orderId":"mended"}"#)).await.unwrap();
    assert_eq!(world.replays().await, [r#"{"orderId":"mended"}"#]);
    let entry =
        engine.audit.search(AuditFilter { limit: 10, ..AuditFilter::default() }).await.unwrap().entries;
    assert!(entry[1].request.as_ref().unwrap().to_string().contains("mended"));
}

#[tokio::test]
async fn of_two_operators_with_a_body_each_one_is_told_that_the_other_was_faster_and_the_letter_goes_once() {
    let world = World::start().await;
    world.leave([(7, GOOD)]).await;
    let engine = world.engine().await;
    engine.has(1).await;
    let bodies = [r#"{"orderId":"one"}"#, r#"{"orderId":"two"}"#];
    let acts = bodies.map(|text| engine.letters.replay(author(), 1, body(text)));
    let [one, two] = <[_; 2]>::try_from(futures_util::future::join_all(acts).await).unwrap();
    // Whoever came when the letter was gone already is told so.
    let is_told = |outcome: &Result<Replayed, ActError>| match outcome {
        Ok(replayed) => replayed.already,
        Err(error) => matches!(error, ActError::Conflict(1)),
    };
    assert_eq!([&one, &two].map(is_told).into_iter().filter(|told| *told).count(), 1, "{one:?} {two:?}");
    let taken = if is_told(&one) { bodies[1] } else { bodies[0] };
    assert_eq!((world.replays().await, world.messages("c-dead-letters").await), (vec![taken.to_owned()], 0));
}

#[tokio::test]
async fn a_letter_that_was_cut_is_only_replayed_with_another_body() {
    let world = World::start().await;
    world.leave([(7, Left { headers: &[("dead-letter-cut-from", "70000")], ..GOOD })]).await;
    let engine = world.engine().await;
    let refused = engine.letters.replay(author(), 1, Replay::default()).await;
    assert!(matches!(refused, Err(ActError::Invalid { field: "body", .. })), "{refused:?}");
    engine.letters.replay(author(), 1, body(r#"{"orderId":"o"}"#)).await.unwrap();
    assert_eq!(world.replays().await.len(), 1);
}

/// Cut off between any two of its steps: the future is dropped after every possible number of its polls.
#[tokio::test]
async fn a_replay_that_was_killed_anywhere_and_runs_again_is_stored_once_and_its_letter_is_gone() {
    let world = World::start().await;
    let engine = world.engine().await;
    let mut sequence = 0;
    // Far more polls than one takes: the last rounds come to their end the first time.
    for polls in 1..=24 {
        sequence += 1;
        world.leave([(sequence, Left { body: &format!(r#"{{"orderId":"o{sequence}"}}"#), ..GOOD })]).await;
        let mut killed = Box::pin(engine.letters.replay(author(), sequence, Replay::default()));
        for _ in 0..polls {
            if (&mut killed).now_or_never().is_some() {
                break;
            }
            // Gives the broker the time to answer the step that has begun.
            tokio::time::timeout(Duration::from_millis(3), std::future::pending::<()>()).await.unwrap_err();
        }
        drop(killed);
        engine.letters.replay(author(), sequence, Replay::default()).await.unwrap();
        assert_eq!(world.messages("c-dead-letters").await, 0, "after {polls} polls");
        assert_eq!(world.messages("c-replays").await, sequence, "after {polls} polls");
    }
    let bodies = world.replays().await;
    let wanted: Vec<_> = (1..=sequence).map(|n| format!(r#"{{"orderId":"o{n}"}}"#)).collect();
    assert_eq!(bodies, wanted);
    engine.has(0).await;
}

#[tokio::test]
async fn a_letter_is_discarded_with_a_note_alone_and_the_audit_keeps_it_whole() {
    let world = World::start().await;
    let headers = [("orig-Nats-Msg-Id", "the-id")];
    world.leave([(7, Left { headers: &headers, ..GOOD }), (8, GOOD)]).await;
    let engine = world.engine().await;
    let discard = |note: &str| Discard { note: note.to_owned() };
    for note in ["", "  ", &"x".repeat(1_001)] {
        let refused = engine.letters.discard(author(), 1, discard(note)).await;
        assert!(matches!(refused, Err(ActError::Invalid { field: "note", .. })), "{refused:?}");
    }
    assert!(!engine.letters.discard(author(), 1, discard("a test order")).await.unwrap().already);
    assert!(engine.letters.discard(author(), 1, discard("a test order")).await.unwrap().already);
    engine.has(1).await;
    assert!(world.replays().await.is_empty());
    let filter =
        AuditFilter { target: Some("dead letter 1".to_owned()), limit: 10, ..AuditFilter::default() };
    let entries = engine.audit.search(filter).await.unwrap().entries;
    assert_eq!(entries.len(), 2);
    let kept = entries[1].before.as_ref().unwrap();
    assert_eq!((&kept["body"], &kept["headers"]["Nats-Msg-Id"][0]), (&GOOD.body.into(), &"the-id".into()));
    assert_eq!(entries[1].note.as_deref(), Some("a test order"));
}

#[tokio::test]
async fn without_an_audit_nothing_is_done() {
    let world = World::start().await;
    world.leave([(7, GOOD)]).await;
    let engine = world.engine().await;
    engine.has(1).await;
    // Full: it takes no entry any more.
    let full = async_nats::jetstream::stream::Config { max_messages: 1, ..topology_audit() };
    world.jetstream.update_stream(&full).await.unwrap();
    engine.broker.audit_log().store("audit.console.-", "fill", "{}".into()).await.unwrap();
    let refused = engine.letters.replay(author(), 1, Replay::default()).await;
    assert!(matches!(refused, Err(ActError::Unwritten(_))), "{refused:?}");
    let refused = engine.letters.discard(author(), 1, Discard { note: "why".to_owned() }).await;
    assert!(matches!(refused, Err(ActError::Unwritten(_))), "{refused:?}");
    let (items, work) = engine.letters.plan_discard(&all()).unwrap();
    let planned = crate::bulk::planned(items);
    let operation = engine.operations.plan(planned, work).unwrap();
    assert!(engine.operations.confirm(&operation.id, 1, author()).await.is_err());
    assert_eq!((world.messages("c-dead-letters").await, world.messages("c-replays").await), (1, 0));
    // With room again, the same plan is still there.
    world.jetstream.update_stream(&topology_audit()).await.unwrap();
    engine.operations.confirm(&operation.id, 1, author()).await.unwrap();
    engine.has(0).await;
}

fn topology_audit() -> async_nats::jetstream::stream::Config {
    crate::world::topology().audit()
}
