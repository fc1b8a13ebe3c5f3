-- Tickets that can be bought, the oldest first: `list.sql` for those that no order holds, from an index of their own.
--
-- $1 text: the list goes on behind this ticket, free or not; null: from the beginning   $2 bigint: at most so many
select id, version, title, price, user_id, order_id
from tickets
where order_id is null
  and (created_at, id) > (
    case when $1::text is null then '-infinity' else (select created_at from tickets where id = $1) end,
    coalesce($1, '')
  )
order by created_at, id
limit $2
