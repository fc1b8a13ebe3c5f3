-- Places one order for a ticket that nobody holds, with the title and price that its buyer sees now.
--
-- $1 text: id of the order       $2 text: id of the ticket       $3 text: the buyer
-- $4 bigint: time to pay, in ms  $5 text: W3C trace context      $6 bigint: most unpaid orders of the buyer; null: any
--
-- No row: no such ticket. `expires_at` null: a live order holds it (of two buyers who race, the second waits here
-- until the first has committed), or the buyer has `too_many`. `already`: this very order was placed by an earlier
-- run, whose answer was lost.
with ticket as (
  select id, version, title, price from tickets where id = $2
), buyer as (
  -- Compared only where there is a limit: the count is not free.
  select $6 <= (select count(*) from orders where user_id = $3 and status in ('created', 'awaiting:payment'))
         as too_many
  where $6 is not null
), placed as (
  insert into orders (id, ticket_id, user_id, expires_at, traceparent, ticket_version, title, price)
  select $1, id, $3, now() + $4 * interval '1 millisecond', $5, version, title, price from ticket
  where not exists (select from buyer where too_many)
  on conflict do nothing
  returning expires_at
)
select ticket.version, ticket.title, ticket.price, placed.expires_at,
       exists (select from orders where id = $1) as already,
       exists (select from buyer where too_many) as too_many
from ticket left join placed on true
