-- Cancels those of the given orders whose time is over, tells of it, and says for each what became of it.
--
-- $1 text[]: ids of orders, in any order, duplicates allowed.
-- $2 text:   an instant up to which payments are seen; later expiries wait. `infinity`: none waits.
-- $3 timestamptz[]: when the broker stored the expiration of each, null: it was none that came
-- $4 timestamptz[], $5 text[]: when the timer of each was claimed, and by which worker, null: not told
--
-- One row an id that was asked for, once:
--   id            the order
--   cancelled     whether this statement cancelled it
--   status        its status before this statement; null: no such order
--   remaining_ms  time until it expires, rounded up; <= 0 with an unpaid status and not cancelled: someone else held
--                 the row and has changed it since, so ask again; or it waits
--   waits         its time may be over, and payments that came before may not be seen yet
--   traceparent   W3C trace context of the request that placed it
--
-- All of it is one statement and so one transaction: an order is cancelled if and only if its outbox row exists (I5).
-- now() is the same instant throughout, so cancelled_at >= expires_at (I2). Running it again changes nothing (I3).
with asked as (
  select distinct on (id) id collate "C" as id, fired_at, claimed_at, claimed_by
  from unnest($1::text[], $3::timestamptz[], $4::timestamptz[], $5::text[]) as ids (id, fired_at, claimed_at, claimed_by)
  order by id, fired_at
), due as materialized (
  -- Locked in id order, so that two of these statements never wait for each other in a circle. A statement that
  -- waited here for a payment sees the paid row, which no longer matches, and leaves it alone (I4).
  select o.id, asked.fired_at, asked.claimed_at, asked.claimed_by
  from orders o join asked on asked.id = o.id
  where o.status in ('created', 'awaiting:payment') and o.expires_at <= now() and o.expires_at <= $2::timestamptz
  order by o.id
  for update of o
), cancelled as (
  update orders o
  set status = 'cancelled', version = o.version + 1, cancelled_at = now(), cancel_reason = 'expired',
      fired_at = due.fired_at, claimed_at = due.claimed_at, claimed_by = due.claimed_by
  from due
  where o.id = due.id
  returning o.id, o.version, o.ticket_id, o.traceparent
), told as (
  -- The bytes of OrderCancelled as serde writes them.
  insert into outbox (subject, payload, traceparent)
  select 'order:cancelled',
         format('{"id":%s,"version":%s,"ticket":{"id":%s}}', to_json(id), version, to_json(ticket_id)),
         traceparent
  from cancelled
)
select asked.id,
       -- Not a join: the planner expects few rows, and would compare each of them with each.
       asked.id in (select id from cancelled) as cancelled,
       before.status,
       ceil(extract(epoch from before.expires_at - now()) * 1000)::bigint as remaining_ms,
       before.expires_at > $2::timestamptz as waits,
       before.traceparent
from asked
left join orders before on before.id = asked.id
