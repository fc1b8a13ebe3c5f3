-- Tickets of every status, the oldest first. `list_free.sql` is the same for those that nobody holds.
--
-- $1 text: the list goes on behind this ticket; null: from the beginning   $2 bigint: at most so many
--
-- The position is two scalars and no join or `or`, so that a page is read from its place in the index and not from the
-- first row on. Behind a ticket that is not there is nothing.
select id, version, title, price, user_id, order_id
from tickets
where (created_at, id) > (
  case when $1::text is null then '-infinity' else (select created_at from tickets where id = $1) end,
  coalesce($1, '')
)
order by created_at, id
limit $2
