-- What to tell of the tickets that were changed since $1 (timestamptz): how each stands now, which is all that anybody needs who
-- has missed what came before.
--
--   subject, payload, traceparent   as in the outbox; the payloads are as serde writes them
--   changed_at                      when the ticket was changed
select case when version = 0 then 'ticket:created' else 'ticket:updated' end as subject,
       format('{"id":%s,"version":%s,"title":%s,"price":%s,"userId":%s%s}',
              to_json(id), version, to_json(title), trim_scale(price), to_json(user_id),
              ',"orderId":' || to_json(order_id)) as payload,
       null::text as traceparent,
       changed_at
from tickets
where changed_at >= $1
