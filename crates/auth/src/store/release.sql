-- Ends an attempt that has not failed.
--
-- $1 text: key   $2 timestamptz: when it began   $3 boolean: the failures before it are forgotten
update attempts
set failures = case when $3 then 0 else failures end,
    since = case when $3 then '-infinity' else since end,
    -- Only one of two that began at the same time.
    pending = coalesce(pending[:array_position(pending, $2) - 1] || pending[array_position(pending, $2) + 1:], pending)
where key = $1
