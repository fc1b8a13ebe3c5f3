//! What a handler is told of an event beside the event.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_nats::HeaderMap;
use messaging::ClaimHeader;
use testkit::eventually;

use crate::{
    handling::{Deliveries, Seen, batches, done, order},
    world::{LONG, World, body, options},
};

#[tokio::test]
async fn a_handler_is_told_when_an_event_was_stored_and_whose_claim_it_was() {
    let world = World::start().await;
    world.create_stream().await;
    let told: Arc<Mutex<Deliveries>> = Arc::default();
    let handler = batches(&Seen::default(), {
        let told = Arc::clone(&told);
        move |batch| {
            told.lock().unwrap().extend(batch.clone());
            Box::pin(async move { done(&batch) })
        }
    });
    let before_ms = common::clock::now_ms();
    for (order, claim) in
        [("claimed", Some("1769860800123 expiration-1")), ("plain", None), ("strange", Some("soon, by me"))]
    {
        let mut headers = HeaderMap::new();
        if let Some(claim) = claim {
            headers.insert("claim", claim);
        }
        world.publish_whole(headers, body(order).as_bytes()).await;
    }
    let replica = world.replica(handler, options(10, 2, 2)).await;
    eventually("all are handled", LONG, async || {
        let count = told.lock().unwrap().len();
        (count == 3).then_some(()).ok_or(count.to_string())
    })
    .await;
    replica.stop().await;
    let told = told.lock().unwrap();
    let claim = |of: &str| told.iter().find(|each| order(each) == of).unwrap().claim.clone();
    let claimed = ClaimHeader { claimed_at_ms: 1_769_860_800_123, by: "expiration-1".to_owned() };
    assert_eq!((claim("claimed"), claim("plain"), claim("strange")), (Some(claimed), None, None));
    // The broker's clock is this machine's.
    let after_ms = common::clock::now_ms() + Duration::from_secs(1).as_millis() as i64;
    for delivery in told.iter() {
        assert!((before_ms..=after_ms).contains(&delivery.stored_at_ms), "{delivery:?}");
    }
}
