//! What can't be handled is kept once, whole, and with what somebody needs to put it right.

use std::time::Duration;

use async_nats::{
    HeaderMap,
    jetstream::{message::StreamMessage, stream},
};
use common::{Service, event::Subject};
use futures_util::StreamExt;
use messaging::{Outcome, dead_letter_header as header, topology, topology::MAX_ACK_PENDING};
use testkit::eventually;

use crate::{
    handling::{Seen, content, each},
    world::{CONSUMER, DEAD_LETTERS, LONG, STREAM, World, body, options, topology},
};

fn text<'a>(letter: &'a StreamMessage, name: &str) -> &'a str {
    letter.headers.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", letter.headers)).as_str()
}

async fn seen_good(seen: &Seen, order: &str) {
    eventually(&format!("{order} is handled"), LONG, async || match seen.count(order) {
        0 => Err("not yet".to_owned()),
        _ => Ok(()),
    })
    .await;
}

#[tokio::test]
async fn a_dead_letter_says_where_it_came_from_and_why_and_keeps_body_and_headers() {
    let world = World::start().await;
    let replica = world.replica(content(&Seen::default()), options(10, 2, 5)).await;
    world.publish("good").await;
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Msg-Id", "the-id");
    headers.append("Trace", "one");
    headers.append("Trace", "two words, ümläut");
    // The client that reads a stream message by message keeps one value of a header that stands twice. Without the
    // stream, a listener would keep the broker from saying that it is missing.
    world.jetstream.create_stream(topology().dead_letters()).await.unwrap();
    let client = world.jetstream.client();
    let mut live = client.subscribe("dead-letter.>").await.unwrap();
    client.flush().await.unwrap();
    let sequence = world.publish_whole(headers, b"{\"orderId\": 7, \"x\": \"\xff\"}").await;
    let letter = world.dead_letters(1).await.remove(0);
    assert_eq!(&letter.payload[..], b"{\"orderId\": 7, \"x\": \"\xff\"}");
    assert_eq!(text(&letter, header::STREAM), STREAM);
    assert_eq!(text(&letter, header::SEQUENCE), sequence.to_string());
    assert_eq!(text(&letter, header::SUBJECT), "expiration:complete");
    assert_eq!(text(&letter, header::CONSUMER), CONSUMER);
    assert!(text(&letter, header::REASON).contains("not a valid expiration:complete"), "{letter:?}");
    assert_eq!(text(&letter, "orig-Nats-Msg-Id"), "the-id");
    let headers = live.next().await.unwrap().headers.unwrap();
    let traces: Vec<_> = headers.get_all("orig-Trace").map(|value| value.as_str()).collect();
    assert_eq!(traces, ["one", "two words, ümläut"]);
    assert!(letter.headers.get(header::CUT_FROM).is_none());
    let original = world.stream(STREAM).await.unwrap().get_raw_message(sequence).await.unwrap();
    let published = chrono::DateTime::parse_from_rfc3339(text(&letter, header::PUBLISHED)).unwrap();
    assert_eq!(i128::from(published.timestamp_nanos_opt().unwrap()), original.time.unix_timestamp_nanos());
    replica.stop().await;
}

#[tokio::test]
async fn each_kind_of_unreadable_body_is_a_dead_letter_once_and_the_handler_never_sees_it() {
    let world = World::start().await;
    let seen = Seen::default();
    let replica = world.replica(content(&seen), options(20, 2, 5)).await;
    world.publish("first").await;
    let deep = "[".repeat(100_000);
    let long = format!(r#"{{"orderId":"{}"}}"#, "x".repeat(100_000));
    let unreadable = [
        "",
        "not JSON",
        "{",
        "null",
        "[]",
        "{}",
        r#"{"orderId":null}"#,
        r#"{"orderId":17}"#,
        r#"{"orderId":"a b"}"#,
        r#"{"orderId":""}"#,
        r#"{"orderId":"a"} trailing"#,
        "{\"orderId\":\"line\\nbreak \u{1F3AB}\"}",
        &deep,
        &long,
    ];
    for text in unreadable {
        world.publish_body(text).await;
    }
    world.publish("last").await;
    seen_good(&seen, "last").await;
    let letters = world.dead_letters(unreadable.len()).await;
    world.drained().await;
    assert_eq!(world.stored(DEAD_LETTERS).await.unwrap().len(), unreadable.len());
    for letter in &letters {
        let reason = text(letter, header::REASON);
        assert!(!reason.is_empty() && reason.len() <= 1_024 && !reason.contains(['\r', '\n']), "{reason:?}");
        let sequence: usize = text(letter, header::SEQUENCE).parse().unwrap();
        assert_eq!(&letter.payload[..], unreadable[sequence - 2].as_bytes());
    }
    assert_eq!(seen.total(), 2);
    replica.stop().await;
}

#[tokio::test]
async fn a_reason_of_many_lines_and_wide_letters_becomes_one_line_of_bounded_length() {
    let world = World::start().await;
    let reason = format!("first\r\nsecond\u{0}\t{}", "票".repeat(2_000));
    let handler = each(&Seen::default(), move |_, _| Outcome::reject(reason.clone()));
    let replica = world.replica(handler, options(10, 2, 5)).await;
    world.publish("bad").await;
    let letter = world.dead_letters(1).await.remove(0);
    let kept = text(&letter, header::REASON);
    assert!(kept.starts_with("first  second  票票") && kept.ends_with('票'), "{kept}");
    assert!(kept.len() <= 1_024 && kept.len() > 1_000, "{}", kept.len());
    assert_eq!(letter.payload, body("bad"));
    replica.stop().await;
}

#[tokio::test]
async fn a_body_that_leaves_no_room_for_the_headers_is_cut_and_says_from_what() {
    let world = World::start_with("max_payload: 64KB").await;
    let replica = world.replica(content(&Seen::default()), options(10, 2, 5)).await;
    world.publish("good").await;
    let fits = world.publish_body(&"f".repeat(50_000)).await;
    let full = world.publish_body(&"b".repeat(65_536)).await;
    let mut headers = HeaderMap::new();
    headers.insert("Big", "h".repeat(60_000).as_str());
    let many_headers = world.publish_whole(headers, b"not JSON").await;
    let letters = world.dead_letters(3).await;
    let of = |sequence: u64| {
        let own = |letter: &&StreamMessage| text(letter, header::SEQUENCE) == sequence.to_string();
        letters.iter().find(own).unwrap()
    };
    assert_eq!(of(fits).payload.len(), 50_000);
    assert!(of(fits).headers.get(header::CUT_FROM).is_none());
    assert_eq!(of(full).payload, "b".repeat(4_096));
    assert_eq!(text(of(full), header::CUT_FROM), "65536");
    assert_eq!(of(many_headers).payload, "not JSON", "a short body is kept even where its headers can't be");
    assert!(of(many_headers).headers.get("orig-Big").is_none());
    world.drained().await;
    replica.stop().await;
}

/// What a process leaves behind that dies between the PubAck of a dead letter and the end of its message.
#[tokio::test]
async fn poison_whose_dead_letter_is_stored_already_is_not_stored_again() {
    let world = World::start().await;
    world.create_stream().await;
    let sequence = world.publish_body("poison").await;
    let first = world.replica(content(&Seen::default()), options(10, 2, 5)).await;
    let letter = world.dead_letters(1).await.remove(0);
    world.drained().await;
    first.stop().await;
    // The message comes again as if it had never been answered.
    world.jetstream.delete_consumer_from_stream(CONSUMER, STREAM).await.unwrap();
    let seen = Seen::default();
    let second = world.replica(content(&seen), options(10, 2, 5)).await;
    world.publish("good").await;
    seen_good(&seen, "good").await;
    world.drained().await;
    let letters = world.dead_letters(1).await;
    assert_eq!(
        (letters[0].sequence, text(&letters[0], header::SEQUENCE)),
        (letter.sequence, &*sequence.to_string())
    );
    second.stop().await;
}

#[tokio::test]
async fn poison_of_a_stream_that_was_made_anew_is_kept_beside_the_earlier_one_of_its_sequence() {
    let world = World::start().await;
    let seen = Seen::default();
    let replica = world.replica(content(&seen), options(10, 2, 5)).await;
    assert_eq!(world.publish_body("earlier poison").await, 1);
    world.dead_letters(1).await;
    world.jetstream.delete_stream(STREAM).await.unwrap();
    assert_eq!(world.publish_body("later poison").await, 1, "sequences begin again");
    let letters = world.dead_letters(2).await;
    assert_eq!((&*letters[0].payload, &*letters[1].payload), (&b"earlier poison"[..], &b"later poison"[..]));
    assert_eq!(letters[0].subject, letters[1].subject);
    world.drained().await;
    replica.stop().await;
}

/// A broker whose dead letters have room for one, which is taken.
async fn full() -> (World, Seen, crate::world::Replica) {
    let world = World::start().await;
    let full = stream::Config { max_messages: 1, ..topology().dead_letters() };
    world.jetstream.create_stream(full).await.unwrap();
    let seen = Seen::default();
    let replica = world.replica(content(&seen), options(500, 2, 5)).await;
    world.publish_body("the one that fits").await;
    world.dead_letters(1).await;
    (world, seen, replica)
}

const OVERFLOW: &str = "c-dead-letters-overflow";

#[tokio::test]
async fn without_room_for_dead_letters_poison_waits_in_the_overflow_until_there_is_room() {
    let (world, seen, replica) = full().await;
    world.publish_body("poison").await;
    world.publish("good").await;
    seen_good(&seen, "good").await;
    world.drained().await;
    let kept = world.stored(OVERFLOW).await.unwrap();
    assert_eq!((kept.len(), &*kept[0].payload), (1, &b"poison"[..]));
    assert_eq!(world.stored(DEAD_LETTERS).await.unwrap().len(), 1);

    world.jetstream.update_stream(&topology().dead_letters()).await.unwrap();
    let letter = world.dead_letters(2).await.remove(1);
    assert_eq!((&*letter.payload, &letter.headers), (&b"poison"[..], &kept[0].headers));
    eventually("the overflow is empty", LONG, async || {
        let left = world.stored(OVERFLOW).await?.len();
        if left == 0 { Ok(()) } else { Err(format!("{left}")) }
    })
    .await;
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_poison_than_may_be_unanswered_does_not_stop_the_good_one_behind_it_while_the_dead_letters_are_full()
 {
    let (world, seen, replica) = full().await;
    let poison = usize::try_from(MAX_ACK_PENDING).unwrap() + 50;
    for hundred in 0..poison.div_ceil(100) {
        let rest = (poison - hundred * 100).min(100);
        world.publish_bodies((0..rest).map(|_| "poison".to_owned())).await;
    }
    world.publish("good").await;
    seen_good(&seen, "good").await;
    world.drained().await;
    let overflow = world.stream(OVERFLOW).await.unwrap();
    assert_eq!(overflow.cached_info().state.messages, poison as u64);
    replica.stop().await;
}

#[tokio::test]
async fn a_dead_letter_stream_that_was_deleted_is_made_again_and_nothing_is_lost() {
    let world = World::start().await;
    let seen = Seen::default();
    let replica = world.replica(content(&seen), options(10, 2, 5)).await;
    world.publish("good").await;
    seen_good(&seen, "good").await;
    // Nothing creates it before it is needed but a readiness watch, which this replica has not.
    let _ = world.jetstream.delete_stream(DEAD_LETTERS).await;
    for n in 0..30 {
        world.publish_body(&format!("poison {n}")).await;
    }
    world.dead_letters(30).await;
    world.drained().await;
    replica.stop().await;
}

#[tokio::test]
async fn a_thousand_poisonous_events_do_not_hold_up_the_good_ones_behind_them() {
    let world = World::start().await;
    world.create_stream().await;
    let mut poison = Vec::new();
    for _ in 0..1_000 {
        poison.push(world.publish_body("poison").await);
    }
    world.publish_all((0..1_000).map(|n| format!("o{n}"))).await;
    let seen = Seen::default();
    let replica = world.replica(content(&seen), options(200, 2, 5)).await;
    world.drained().await;
    assert_eq!(seen.total(), 1_000);
    let letters = world.dead_letters(1_000).await;
    let subjects: std::collections::HashSet<_> =
        letters.iter().map(|letter| letter.subject.as_str()).collect();
    let expected: Vec<_> =
        poison.iter().map(|sequence| topology::dead_letter_subject(CONSUMER, *sequence)).collect();
    assert!(expected.iter().all(|subject| subjects.contains(subject.as_str())));
    assert_eq!(CONSUMER, topology::durable_name(Service::Orders, Subject::ExpirationComplete));
    replica.stop().await;
}

#[tokio::test]
async fn a_broker_that_takes_no_dead_letters_for_a_while_delays_the_good_ones_by_one_timeout_at_most() {
    let world = World::start().await;
    world.create_stream().await;
    // A responder that never answers, as a dead letter stream without a leader.
    let client = world.jetstream.client();
    let silent = client.subscribe("dead-letter.>").await.unwrap();
    client.flush().await.unwrap();
    for _ in 0..40 {
        world.publish_body("poison").await;
    }
    let seen = Seen::default();
    let replica = world.replica(content(&seen), options(20, 2, 5)).await;
    let begin = std::time::Instant::now();
    world.publish("good").await;
    seen_good(&seen, "good").await;
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(8), "it took {took:?}");
    drop(silent);
    world.dead_letters(40).await;
    world.drained().await;
    replica.stop().await;
}

#[tokio::test]
async fn one_that_was_dealt_with_is_not_kept_again_when_its_message_comes_once_more() {
    let world = World::start().await;
    let replica = world.replica(content(&Seen::default()), options(10, 2, 5)).await;
    world.publish_body("broken").await;
    let letter = world.dead_letters(1).await.remove(0);
    world.drained().await;
    world.stream(DEAD_LETTERS).await.unwrap().delete_message(letter.sequence).await.unwrap();
    // As if what acknowledges it had been lost.
    let listener = (Service::Orders, Subject::ExpirationComplete);
    world.broker_of(Service::Expiration).await.begin_again(listener, None).await.unwrap();
    world.publish_body("broken, and another one").await;
    let left = world.dead_letters(1).await.remove(0);
    world.drained().await;
    assert_eq!((&left.payload[..], world.dead_letters(1).await.len()), (&b"broken, and another one"[..], 1));
    replica.stop().await;
}
