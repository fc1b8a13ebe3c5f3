-- Counts an attempt as in flight before it is made, against each of its subjects or, if one has no room, none.
--
-- $1 text[]: keys of the subjects   $2 integer[]: failures allowed to each
-- $3 bigint: the window, in ms      $4 bigint: how long an attempt in flight counts, in ms
-- $5 integer[]: failures from which on each is slow   $6 integer[]: attempts in flight allowed to it while it is
--
-- One row a key, in their order:
--   began          by which the attempt is known, as counted; null: not counted
--   failures       within the window, before this attempt
--   remaining_ms   until a subject that has had too many failures gets another try, rounded up; null: it has not
--
-- There is room for an attempt if all those in flight could fail and be no more than is allowed; and, from where it gets
-- slow, if there are few of them. Of attempts that race
-- for the last room, the later waits here for the row and then finds it full: some of its keys are counted and some
-- not, and the caller rolls back. Rows are locked in key order.
with asked as (
  select key collate "C" as key, most, slow_from, slow_at_once, nth
  from unnest($1::text[], $2::integer[], $5::integer[], $6::integer[])
       with ordinality as asked (key, most, slow_from, slow_at_once, nth)
), known as (
  select a.key, a.since, asked.most, asked.slow_from, asked.slow_at_once,
         case when a.since > now() - $3 * interval '1 millisecond' then a.failures else 0 end as failures,
         (select count(*) from unnest(a.pending) as began where began > now() - $4 * interval '1 millisecond') as pending
  from attempts a join asked on asked.key = a.key
), counted as (
  insert into attempts as a (key, failures, since, pending)
  select key, 0, '-infinity', array[now()] from asked
  where not exists (
    select from known
    where failures + pending >= most or (failures + pending >= slow_from and pending >= slow_at_once))
  order by key
  on conflict (key) do update
  set pending = now() || array(
        select began from unnest(a.pending) as began where began > now() - $4 * interval '1 millisecond')
  where (
    select failures + pending < most and (failures + pending < slow_from or pending < slow_at_once)
    from (
      select case when a.since > now() - $3 * interval '1 millisecond' then a.failures else 0 end as failures,
             (select count(*) from unnest(a.pending) as began where began > now() - $4 * interval '1 millisecond')
             as pending
    ) as now_known, asked
    where asked.key = a.key
  )
  returning key
)
select case when counted.key is not null then now() end as began,
       coalesce(known.failures, 0) as failures,
       case when known.failures >= known.most
            then ceil(extract(epoch from known.since - now()) * 1000 + $3)::bigint end as remaining_ms
from asked
left join counted on counted.key = asked.key
left join known on known.key = asked.key
order by asked.nth
