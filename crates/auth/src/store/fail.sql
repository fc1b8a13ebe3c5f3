-- Ends an attempt that has failed: it counts from now on, and its window begins if none is open.
--
-- $1 text: key   $2 timestamptz: when it began   $3 bigint: the window, in ms
insert into attempts as a (key, failures, since, pending) values ($1, 1, now(), '{}')
on conflict (key) do update
set failures = case when a.since > now() - $3 * interval '1 millisecond' then a.failures + 1 else 1 end,
    since = case when a.since > now() - $3 * interval '1 millisecond' then a.since else now() end,
    -- Only one of two that began at the same time.
    pending = coalesce(a.pending[:array_position(a.pending, $2) - 1] || a.pending[array_position(a.pending, $2) + 1:],
                       a.pending)
