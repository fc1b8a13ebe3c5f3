-- Notes what became of the money of some payments, and says what is known of each.
--
-- $1 text[]: payments   $2 text[]: the order of each   $3 text[]: the outcome of each
--
-- One row a payment, once:
--   payment_id  the payment
--   taken       whether it completed its order; null: neither that nor rejected, so nothing is noted
--   new         whether nothing had been noted before
with asked as (
  select distinct on (payment_id) payment_id collate "C" as payment_id, order_id collate "C" as order_id, outcome
  from unnest($1::text[], $2::text[], $3::text[]) with ordinality as asked (payment_id, order_id, outcome, nth)
  order by payment_id, nth
), held as materialized (
  select o.id from orders o join asked on asked.order_id = o.id
  where o.payment_id = asked.payment_id and o.payment_outcome is null
  order by o.id
  for update of o
), taken as (
  update orders o set payment_outcome = asked.outcome
  from asked
  where o.id in (select id from held) and o.id = asked.order_id and o.payment_id = asked.payment_id
  returning o.payment_id
), open as materialized (
  select r.payment_id from rejected_payments r join asked using (payment_id)
  where r.settled_at is null
  order by r.payment_id
  for update of r
), rejected as (
  update rejected_payments r set outcome = asked.outcome, settled_at = now()
  from asked
  where r.payment_id in (select payment_id from open) and r.payment_id = asked.payment_id
  returning r.payment_id
)
select asked.payment_id,
       case
         when o.id is not null then true
         when r.payment_id is not null then false
       end as taken,
       asked.payment_id in (select payment_id from taken) or asked.payment_id in (select payment_id from rejected) as new
from asked
left join orders o on o.id = asked.order_id and o.payment_id = asked.payment_id
left join rejected_payments r on r.payment_id = asked.payment_id
