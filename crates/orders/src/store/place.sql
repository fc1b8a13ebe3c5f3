-- Places one order for a ticket that nobody holds.
--
-- $1 text: id of the order       $2 text: id of the ticket       $3 text: the buyer
-- $4 bigint: time to pay, in ms  $5 text: W3C trace context
--
-- No row: no such ticket. `expires_at` null: a live order holds it (of two buyers who race, the second waits here
-- until the first has committed). `already`: this very order was placed by an earlier run, whose answer was lost.
with ticket as (
  select id, version, title, price from tickets where id = $2
), placed as (
  insert into orders (id, ticket_id, user_id, expires_at, traceparent)
  select $1, ticket.id, $3, now() + $4 * interval '1 millisecond', $5 from ticket
  on conflict do nothing
  returning expires_at
)
select ticket.version, ticket.title, ticket.price, placed.expires_at,
       exists (select from orders where id = $1) as already
from ticket left join placed on true
