-- Counts an attempt as failed before it is made, against each of its subjects or, if one has had too many, none.
--
-- $1 text[]: keys of the subjects   $2 integer[]: failures allowed to each   $3 bigint: the window, in ms
--
-- One row a key:
--   key, since     as counted; `since` null: not counted
--   remaining_ms   until a subject that has had too many gets another try, rounded up; null: it has not
--
-- Of attempts that race for the last one, the later waits here for the row and then finds it full: some of its keys
-- are counted and some not, and the caller rolls back. Rows are locked in key order.
with asked as (
  select key collate "C" as key, most from unnest($1::text[], $2::integer[]) as asked (key, most)
), spent as (
  select a.key, a.since
  from attempts a join asked on asked.key = a.key
  where a.failures >= asked.most and a.since > now() - $3 * interval '1 millisecond'
), counted as (
  insert into attempts as a (key, failures, since)
  select key, 1, now() from asked where not exists (select from spent) order by key
  on conflict (key) do update
  set failures = case when a.since > now() - $3 * interval '1 millisecond' then a.failures + 1 else 1 end,
      since = case when a.since > now() - $3 * interval '1 millisecond' then a.since else now() end
  where a.since <= now() - $3 * interval '1 millisecond'
     or a.failures < (select most from asked where asked.key = a.key)
  returning key, since
)
select asked.key, counted.since,
       ceil(extract(epoch from spent.since - now()) * 1000 + $3)::bigint as remaining_ms
from asked
left join counted on counted.key = asked.key
left join spent on spent.key = asked.key
