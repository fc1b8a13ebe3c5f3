-- An event that the broker refuses is set aside: it gets a new position behind all others and waits until `retry_at`, so
-- it stops nobody. The release before knows neither column and tries it again at once.
alter table outbox
  -- How often the broker has refused it.
  add column failures integer not null default 0,
  add column retry_at timestamptz;
