-- Places one order for a ticket that nobody holds, with the title and price that its buyer sees now.
--
-- $1 text: id of the order       $2 text: id of the ticket       $3 text: the buyer
-- $4 bigint: time to pay, in ms  $5 text: W3C trace context
-- $6 bigint: by what the buyer's orders are placed one after the other, until this transaction ends; null: they are not
-- $7 timestamptz: when the request came in
--
-- No row: no such ticket. `expires_at` null: a live order holds it. `holder`: who held it when this began; of two buyers who
-- race, the second waits here until the first has committed, and has none.
with ticket as (
  select t.id, t.version, t.title, t.price, live.user_id as holder
  from tickets t left join orders live on live.ticket_id = t.id and live.status <> 'cancelled'
  where t.id = $2
), placed as (
  insert into orders (id, ticket_id, user_id, expires_at, traceparent, ticket_version, title, price, requested_at)
  select $1, id, $3, now() + $4 * interval '1 millisecond', $5, version, title, price, $7 from ticket
  where holder is null and ($6 is null or pg_advisory_xact_lock($6) is not null)
  on conflict do nothing
  returning expires_at
)
select ticket.version, ticket.title, ticket.price, ticket.holder, placed.expires_at
from ticket left join placed on true
