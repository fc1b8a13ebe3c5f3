-- Each fact, as an event.
select 'order:cancelled' as subject, payload, null::text as traceparent, changed_at from facts where changed_at >= $1
