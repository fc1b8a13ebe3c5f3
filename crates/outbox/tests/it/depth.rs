//! What waits in the outbox.

use common::internal::OutboxState;

use crate::world::World;

#[tokio::test]
async fn what_waits_is_counted_with_what_was_refused_and_the_age_of_the_oldest() {
    let world = World::new().await;
    assert_eq!(outbox::state(&world.database).await.unwrap(), OutboxState::default());
    world.enqueue(3).await;
    sqlx::query(
        "update outbox set created_at = now() - interval '90 s', failures = 2
         where position = (select min(position) from outbox)",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    let state = outbox::state(&world.database).await.unwrap();
    assert_eq!((state.depth, state.set_aside), (3, 1));
    assert!((90_000..150_000).contains(&state.oldest_age_ms), "{state:?}");
}
