-- What to tell of the payments that were changed since $1 (timestamptz), so that `orders` comes to know how they stand.
--
--   subject, payload, traceparent   as in the outbox; the payloads are as serde writes them
--   changed_at                      when the payment was changed
--
-- Money that is not ours any more is only told as settled: `orders` has decided about it, and must not complete an order by it.
select 'payment:created' as subject,
       format('{"id":%s,"orderId":%s,"stripeId":%s}',
              to_json(id), to_json(order_id), to_json(stripe_intent)) as payload,
       traceparent,
       updated_at as changed_at
from payments
where status in ('authorised', 'captured') and updated_at >= $1
union all
select 'payment:settled',
       format('{"id":%s,"orderId":%s,"stripeId":%s,"outcome":%s}',
              to_json(id), to_json(order_id), to_json(stripe_intent), to_json(status)),
       traceparent,
       updated_at
from payments
where status in ('captured', 'released', 'refunded', 'failed') and updated_at >= $1
