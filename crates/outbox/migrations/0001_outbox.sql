-- Events that are committed together with the change they tell of, and not yet known to be stored by the broker.
--
-- A row's presence means "not yet told": the relay deletes what the broker has acknowledged and keeps no mark of
-- how far it came, because transactions do not commit in the order in which they took their positions.
create table outbox (
  position bigint generated always as identity primary key,
  -- The event's Nats-Msg-Id: the same for every attempt to publish it.
  id uuid not null default gen_random_uuid(),
  subject text not null,
  -- The body exactly as it goes on the wire.
  payload text not null,
  -- W3C trace context of the request that caused the event.
  traceparent text,
  created_at timestamptz not null default now()
);
