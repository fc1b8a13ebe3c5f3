-- When an order was given more time last: what is told again if the broker has lost it. By a trigger, so that an extension by the
-- release before is noted, too. It is one of `expires_at` alone: no other statement pays for it.
-- It waits no longer behind others than orders may wait behind it; then it is tried again.
set local lock_timeout = '2s';
alter table orders add column extended_at timestamptz;

create function note_extension() returns trigger language plpgsql as $$
begin
  new.extended_at := now();
  return new;
end
$$;

create trigger extended before update of expires_at on orders
  for each row when (new.expires_at > old.expires_at) execute function note_extension();
