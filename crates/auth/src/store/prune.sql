-- Removes rows that count no more, the oldest first: no failure is within the window, and no attempt in flight.
--
-- $1 bigint: the window, in ms   $2 bigint: how long an attempt in flight counts, in ms   $3 bigint: most rows
delete from attempts where key = any (array(
  select key from attempts
  where since <= now() - $1 * interval '1 millisecond'
    and now() - $2 * interval '1 millisecond' >= all (pending)
  order by since limit $3 for update skip locked))
