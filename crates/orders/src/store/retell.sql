-- What to tell of the orders that were changed since $1 (timestamptz), so that whoever has missed it comes to know how they stand.
--
--   subject, payload, traceparent   as in the outbox; the payloads are as serde writes them
--   changed_at                      when that was changed of which it tells
--
-- A cancelled order is told as cancelled and no more: nobody shall reserve for it. An order that is not is told as it was placed,
-- with the time to pay that it has by now. One that a release before has completed or placed without noting when counts as old as
-- it is. Rejected payments are told while their money is not known to be settled.
select 'order:created' as subject,
       format('{"id":%s,"version":0,"status":"created","userId":%s,"expiresAt":"%s","ticket":{"id":%s,"price":%s}}',
              to_json(o.id), to_json(o.user_id),
              to_char(o.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
              to_json(o.ticket_id), trim_scale(coalesce(o.price, t.price))) as payload,
       o.traceparent,
       o.created_at as changed_at
from orders o join tickets t on t.id = o.ticket_id
where o.status <> 'cancelled' and o.created_at >= $1
union all
select 'order:extended',
       format('{"id":%s,"expiresAt":"%s"}', to_json(id),
              to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')),
       traceparent,
       extended_at
from orders
where status in ('created', 'awaiting:payment') and extended_at >= $1
union all
select 'order:completed',
       format('{"id":%s,"version":%s,"paymentId":%s,"ticket":{"id":%s}}',
              to_json(id), version, to_json(payment_id), to_json(ticket_id)),
       traceparent,
       coalesce(completed_at, created_at)
from orders
where status = 'complete' and coalesce(completed_at, created_at) >= $1
union all
select 'order:cancelled',
       format('{"id":%s,"version":%s,"ticket":{"id":%s}}', to_json(id), version, to_json(ticket_id)),
       traceparent,
       cancelled_at
from orders
where status = 'cancelled' and cancelled_at >= $1
union all
select 'payment:rejected',
       format('{"id":%s,"orderId":%s,"stripeId":%s,"reason":%s}',
              to_json(r.payment_id), to_json(r.order_id), to_json(r.stripe_id), to_json(r.reason)),
       o.traceparent,
       r.rejected_at
from rejected_payments r left join orders o on o.id = r.order_id
where r.settled_at is null and r.rejected_at >= $1
