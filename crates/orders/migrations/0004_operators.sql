-- What operators ask of an order: when it was asked for and completed, and which expiration cancelled it. Null: not so, or by a
-- release that does not say.
-- It waits no longer behind others than orders may wait behind it; then it is tried again.
set local lock_timeout = '2s';
alter table orders
  -- When the request came in, by the clock of the process that took it.
  add column requested_at timestamptz,
  add column completed_at timestamptz,
  -- When the timer was claimed, by its worker's clock, and by which worker.
  add column claimed_at timestamptz,
  add column claimed_by text,
  -- When the broker stored the expiration, by its clock.
  add column fired_at timestamptz;

-- Operators cancel too. Of the rows that are there none has another reason: no need to look at each of them under a lock.
alter table orders drop constraint orders_cancel_reason_check;
alter table orders add constraint a_cancel_reason_is_known
  check (cancel_reason in ('expired', 'buyer', 'operator')) not valid;

-- Until when the sweeper leaves overdue orders alone, because their timers are paused on purpose. No row: it sweeps.
create table sweeper_hold (
  only_row boolean primary key default true check (only_row),
  held_until timestamptz(3) not null
);
