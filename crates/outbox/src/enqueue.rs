//! The way into the outbox.

use common::{event::Event, traceparent::Traceparent};
use sqlx::PgConnection;

/// Puts an event into the outbox, as a part of the transaction that `connection` is in: it is published if and only
/// if that transaction commits. Ring the [`Wake`](crate::Wake) after the commit.
///
/// # Errors
/// What Postgres answers. The transaction is then lost.
pub async fn enqueue<E: Event>(
    connection: &mut PgConnection,
    event: &E,
    traceparent: Option<&Traceparent>,
) -> sqlx::Result<()> {
    let payload = serde_json::to_string(event).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    sqlx::query("insert into outbox (subject, payload, traceparent) values ($1, $2, $3)")
        .bind(E::SUBJECT.as_str())
        .bind(payload)
        .bind(traceparent.map(Traceparent::to_string))
        .execute(connection)
        .await?;
    Ok(())
}

/// The same for many events of one subject, in one statement.
///
/// # Errors
/// What Postgres answers. The transaction is then lost.
pub async fn enqueue_all<E: Event>(
    connection: &mut PgConnection,
    events: &[(E, Option<Traceparent>)],
) -> sqlx::Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let payloads =
        events.iter().map(|(event, _)| serde_json::to_string(event)).collect::<Result<Vec<_>, _>>();
    let payloads = payloads.map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    let traceparents: Vec<Option<String>> = events
        .iter()
        .map(|(_, traceparent)| traceparent.map(|traceparent| traceparent.to_string()))
        .collect();
    sqlx::query(
        "insert into outbox (subject, payload, traceparent)
         select $1, payload, traceparent from unnest($2::text[], $3::text[]) as events (payload, traceparent)",
    )
    .bind(E::SUBJECT.as_str())
    .bind(payloads)
    .bind(traceparents)
    .execute(connection)
    .await?;
    Ok(())
}
