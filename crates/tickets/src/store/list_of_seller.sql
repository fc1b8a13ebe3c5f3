-- What one seller sells, the oldest first: `list.sql` for theirs, from an index of their own.
--
-- $1 text: the list goes on behind this ticket; null: from the beginning   $2 bigint: at most so many   $3 text: the seller
-- $4 bool: those that an order holds, too
select id, version, title, price, user_id, order_id
from tickets
where user_id = $3 and ($4 or order_id is null)
  and (created_at, id) > (
    case when $1::text is null then '-infinity' else (select created_at from tickets where id = $1) end,
    coalesce($1, '')
  )
order by created_at, id
limit $2
