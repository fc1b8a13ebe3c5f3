//! A handler that fails on one event of a batch: only that one is refused (I7).

use messaging::{BatchError, Outcome, dead_letter_header as header};

use crate::{
    handling::{Answer, Deliveries, Scripted, Seen, batches, done, order},
    world::{World, options},
};

/// Fails the whole batch with `fail` when the guilty one is in it.
fn fails(seen: &Seen, fail: impl Fn(&Deliveries) -> Answer + Send + Sync + 'static) -> Scripted {
    batches(seen, move |batch| {
        let guilty = batch.iter().any(|each| order(each) == "guilty");
        let answer = if guilty { fail(&batch) } else { done(&batch) };
        Box::pin(async move { answer })
    })
}

/// Twenty good ones around the guilty one, in one batch: the good ones are done with no broker's delay in between,
/// the guilty one is refused `retries` times and kept with `reason`.
async fn only_the_guilty_one_is_refused(handler: Scripted, seen: Seen, reason: &str) {
    let world = World::start().await;
    world.create_stream().await;
    let good = |n: usize| format!("good{n}");
    world.publish_all((0..10).map(good)).await;
    let guilty = world.publish("guilty").await;
    world.publish_all((10..20).map(good)).await;
    let replica = world.replica(handler, options(100, 1, 1)).await;
    let letter = world.dead_letters(1).await.remove(0);
    assert_eq!(letter.headers.get(header::SEQUENCE).unwrap().as_str(), guilty.to_string());
    let kept = letter.headers.get(header::REASON).unwrap().as_str();
    assert!(kept.starts_with("refused 2 times: ") && kept.contains(reason), "{kept}");
    world.drained().await;
    for n in 0..20 {
        // Run again in this process, and not by way of the broker.
        assert!(seen.delivered(&good(n)).iter().all(|delivered| *delivered == 1), "{n} was delivered again");
    }
    assert_eq!(seen.delivered("guilty").into_iter().max(), Some(2));
    replica.stop().await;
}

#[tokio::test]
async fn a_panic_costs_only_the_event_that_it_came_from() {
    let seen = Seen::default();
    let handler = fails(&seen, |_| panic!("division by zero"));
    only_the_guilty_one_is_refused(handler, seen, "it panicked: division by zero").await;
}

#[tokio::test]
async fn a_panic_inside_an_await_costs_only_the_event_that_it_came_from() {
    let seen = Seen::default();
    let handler = batches(&seen, |batch| {
        Box::pin(async move {
            tokio::task::yield_now().await;
            assert!(!batch.iter().any(|each| order(each) == "guilty"), "late and {}", "formatted");
            done(&batch)
        })
    });
    only_the_guilty_one_is_refused(handler, seen, "it panicked: late and formatted").await;
}

#[tokio::test]
async fn a_failed_batch_costs_only_the_event_that_fails_alone() {
    let seen = Seen::default();
    let handler = fails(&seen, |_| {
        let cause = anyhow::anyhow!("duplicate key").context("insert the order");
        Err(BatchError::Failed(cause))
    });
    only_the_guilty_one_is_refused(handler, seen, "insert the order: duplicate key").await;
}

#[tokio::test]
async fn too_few_or_too_many_outcomes_are_a_failure_and_never_given_to_the_wrong_event() {
    let seen = Seen::default();
    let handler = fails(&seen, |batch| Ok(vec![Outcome::Done; batch.len() - 1]));
    only_the_guilty_one_is_refused(handler, seen, "it answered 0 outcomes for 1 events").await;
    let seen = Seen::default();
    let handler = fails(&seen, |batch| Ok(vec![Outcome::reject("wrong place"); batch.len() + 1]));
    only_the_guilty_one_is_refused(handler, seen, "it answered 2 outcomes for 1 events").await;
}
